import assert from 'node:assert/strict';
import { test } from 'node:test';

import { guessLanguage, languageName, LANGUAGES } from '../src/assets/languages.ts';

test('a file says its language with its name', () => {
  assert.equal(guessLanguage('film.de.srt', 'en'), 'de');
  assert.equal(guessLanguage('my.film.pt_br.vtt', 'en'), 'pt-BR');
  assert.equal(guessLanguage('de.srt', 'fr-FR'), 'fr');
  assert.equal(guessLanguage('film.2026.srt', 'xx'), 'en');
});

test('languages stand by name', () => {
  const names = LANGUAGES.map(languageName);
  assert.deepEqual(names, names.toSorted((one, other) => one.localeCompare(other)));
  assert.equal(languageName('zh-Hant'), 'Traditional Chinese');
  assert.equal(languageName('not a tag'), 'not a tag');
});
