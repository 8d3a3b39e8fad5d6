// News for screen readers.

/** The element that they listen to; it must be in the page before the first news. */
export const liveRegion = document.createElement('div');
liveRegion.className = 'visually-hidden';
liveRegion.setAttribute('role', 'status');

/** Says each piece of news once; the region's earlier words are read no more. */
export function announce(words: string): void {
  const line = document.createElement('p');
  line.textContent = words;
  liveRegion.append(line);
  // Long enough to be read, short enough not to be found by browsing.
  setTimeout(() => line.remove(), 10_000);
}
