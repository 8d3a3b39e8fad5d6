// Languages by their names. Pure, but for what the browser knows of languages.

/** What can be chosen here. The API takes every tag. */
const TAGS = [
  'ar', 'bg', 'bn', 'ca', 'cs', 'da', 'de', 'el', 'en', 'en-GB', 'en-US', 'es', 'es-419', 'et', 'eu', 'fa', 'fi',
  'fil', 'fr', 'fr-CA', 'ga', 'gl', 'he', 'hi', 'hr', 'hu', 'id', 'is', 'it', 'ja', 'kn', 'ko', 'lt', 'lv', 'ml',
  'mr', 'ms', 'nb', 'nl', 'pl', 'pt', 'pt-BR', 'ro', 'ru', 'sk', 'sl', 'sr', 'sv', 'sw', 'ta', 'te', 'th', 'tr',
  'uk', 'ur', 'vi', 'zh-Hans', 'zh-Hant',
];

/** The name of a language tag; the tag itself where there is none. */
export function languageName(tag: string): string {
  try {
    return new Intl.DisplayNames(['en'], { type: 'language' }).of(tag) ?? tag;
  } catch {
    return tag;
  }
}

/** Tags in the order of their names. */
export const LANGUAGES: readonly string[] = TAGS.toSorted((one, other) => languageName(one).localeCompare(languageName(other)));

/** The language that a file says with its name, as `film.pt-BR.srt` does; else `otherwise`, or what it is a kind of. */
export function guessLanguage(file: string, otherwise: string): string {
  const named = file.split('.').slice(1, -1).reverse();
  const wishes = [...named, otherwise, otherwise.split('-')[0] ?? ''];
  const known = (wish: string) => TAGS.find(tag => tag.toLowerCase() === wish.toLowerCase().replace('_', '-'));
  return wishes.map(known).find(tag => tag !== undefined) ?? 'en';
}
