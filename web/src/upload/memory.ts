// Which upload a file belongs to, kept over reloads. The file itself is not: the browser gives no way.

interface Names {
  name: string;
  size: number;
  lastModified: number;
}

const PREFIX = 'millrace.upload.';

export class Memory {
  readonly #storage: Storage;

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  remember(file: Names, upload: string): void {
    this.#storage.setItem(keyOf(file), upload);
  }

  /** The upload that this file began, if it began here. */
  recall(file: Names): string | undefined {
    return this.#storage.getItem(keyOf(file)) ?? undefined;
  }

  /** Whether dropping the same file would go on with this upload. */
  knows(upload: string): boolean {
    return this.#keys().some(key => this.#storage.getItem(key) === upload);
  }

  forget(upload: string): void {
    const keys = this.#keys().filter(key => this.#storage.getItem(key) === upload);
    for (const key of keys) this.#storage.removeItem(key);
  }

  #keys(): string[] {
    const all = Array.from({ length: this.#storage.length }, (_, index) => this.#storage.key(index));
    return all.filter((key): key is string => key?.startsWith(PREFIX) ?? false);
  }
}

function keyOf(file: Names): string {
  return PREFIX + JSON.stringify([file.name, file.size, file.lastModified]);
}
