// What a key does in the player. Pure.

export type Command =
  | { do: 'toggle' | 'mute' | 'full' | 'captions' }
  | { do: 'seek'; by: number }
  | { do: 'jump'; to: number }
  | { do: 'volume'; by: number };

export interface Press {
  key: string;
  ctrlKey: boolean;
  altKey: boolean;
  metaKey: boolean;
}

/** What has the focus, as far as keys have another meaning there. */
export type Focus = 'button' | 'volume' | 'menu' | 'other';

const COMMANDS: Record<string, Command> = {
  ' ': { do: 'toggle' },
  k: { do: 'toggle' },
  m: { do: 'mute' },
  f: { do: 'full' },
  c: { do: 'captions' },
  j: { do: 'seek', by: -10 },
  l: { do: 'seek', by: 10 },
  arrowleft: { do: 'seek', by: -5 },
  arrowright: { do: 'seek', by: 5 },
  arrowup: { do: 'volume', by: 0.1 },
  arrowdown: { do: 'volume', by: -0.1 },
  home: { do: 'jump', to: 0 },
  end: { do: 'jump', to: 1 },
};

export function commandOf(press: Press, focus: Focus): Command | undefined {
  if (press.ctrlKey || press.altKey || press.metaKey) return undefined;
  if (focus === 'menu') return undefined;
  const key = press.key.toLowerCase();
  if (focus === 'button' && key === ' ') return undefined;
  if (focus === 'volume' && /^(arrow|home|end)/.test(key)) return undefined;
  if (/^[0-9]$/.test(key)) return { do: 'jump', to: Number(key) / 10 };
  return COMMANDS[key];
}
