// The page's pictures, drawn on a grid of 24.

const SHAPES = {
  play: 'M8 5.2v13.6a.6.6 0 0 0 .9.5l11-6.8a.6.6 0 0 0 0-1l-11-6.8a.6.6 0 0 0-.9.5z',
  pause: 'M7 5h3.5v14H7zM13.5 5H17v14h-3.5z',
  sound: 'M4 9.5v5h3.5L12 19V5L7.5 9.5zM15 8.5a4.6 4.6 0 0 1 0 7v-2a2.8 2.8 0 0 0 0-3zM15 4.8a8 8 0 0 1 0 14.4v-2a6.2 6.2 0 0 0 0-10.4z',
  muted: 'M4 9.5v5h3.5L12 19V5L7.5 9.5zM15.3 9l1.2-1.2 2 2 2-2L21.7 9l-2 2 2 2-1.2 1.2-2-2-2 2-1.2-1.2 2-2z',
  captions: 'M4 5h16a1.5 1.5 0 0 1 1.5 1.5v11A1.5 1.5 0 0 1 20 19H4a1.5 1.5 0 0 1-1.5-1.5v-11A1.5 1.5 0 0 1 4 5zm2 6v2h6v-2zm8 0v2h4v-2zm-8 3.5v2h3v-2zm5 0v2h7v-2z',
  language: 'M3 5h7V3h2v2h7v2h-2.2a13 13 0 0 1-4 6.3l2.4 2.2-1.3 1.5-2.6-2.4L7 18.2l-1.3-1.5 4.2-3.4A12 12 0 0 1 7.5 10h2.200a10 10 0 0 0 1.6 2A10.5 10.5 0 0 0 14.7 7H3zM17 12h2l4 9h-2.200l-.8-2h-4l-.8 2H13zm-.200 5h2.400L18 14.200z',
  speed: 'M12 5a9 9 0 0 1 7.6 13.800l-1.7-1A7 7 0 1 0 6.1 17.800l-1.7 1A9 9 0 0 1 12 5zm4.5 4.5-3 5.200a1.8 1.8 0 1 1-1.3-.9z',
  quality: 'M4 6h9v2H4zm13 0h3v2h-3v1.500h-2v-5h2zM4 11h3v2H4zm5-1.500h2V11h9v2h-9v1.500H9zM4 16h9v2H4zm13 0h3v2h-3v1.500h-2v-5h2z',
  inset: 'M3 5h18v6h-2V7H5v10h6v2H3zm10 8h8v6h-8z',
  full: 'M4 4h6v2H6v4H4zm10 0h6v6h-2V6h-4zM4 14h2v4h4v2H4zm14 0h2v6h-6v-2h4z',
  window: 'M8 4h2v6H4V8h4zm6 0h2v4h4v2h-6zM4 14h6v6H8v-4H4zm10 0h6v2h-4v4h-2z',
  upload: 'M11 16V7.800L7.7 11 6.3 9.6 12 4l5.7 5.6-1.4 1.400L13 7.800V16zM4 15h2v3h12v-3h2v5H4z',
  film: 'M4 5h16v14H4zm2 2v2h2V7zm0 4v2h2v-2zm0 4v2h2v-2zm10-8v2h2V7zm0 4v2h2v-2zm0 4v2h2v-2z',
  note: 'M9 5l11-2v13.500a3 3 0 1 1-2-2.800V7.400l-7 1.300v9.800a3 3 0 1 1-2-2.800z',
  back: 'M11 5.5 4.5 12l6.5 6.5 1.4-1.400L8.3 13H20v-2H8.300l4.1-4.100z',
  search: 'M10.5 4a6.5 6.5 0 0 1 5.2 10.400l4.6 4.6-1.4 1.4-4.6-4.600A6.5 6.5 0 1 1 10.5 4zm0 2a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9z',
} as const;

export type IconName = keyof typeof SHAPES;

const SVG = 'http://www.w3.org/2000/svg';

/** Decoration only: the words are in the button's label. */
export function icon(name: IconName): SVGSVGElement {
  const svg = document.createElementNS(SVG, 'svg');
  const path = document.createElementNS(SVG, 'path');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  svg.setAttribute('class', 'icon');
  path.setAttribute('d', SHAPES[name]);
  path.setAttribute('fill-rule', 'evenodd');
  svg.append(path);
  return svg;
}
