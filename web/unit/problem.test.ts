import assert from 'node:assert/strict';
import { test } from 'node:test';

import { explain, problemOf, sentence } from '../src/api/problem.ts';

test('a problem of Millrace shows its detail and its advice', () => {
  const problem = problemOf(409, {
    code: 'UploadIncomplete', detail: 'film.mp4 lacks 2 parts', advice: 'upload them', missing: [3, 4, 'x'],
  });
  assert.equal(explain(problem), 'film.mp4 lacks 2 parts. Upload them.');
  assert.equal(problem.code, 'UploadIncomplete');
  assert.deepEqual(problem.missing, [3, 4]);
});

test('an error of API Gateway shows words of our own', () => {
  assert.equal(explain(problemOf(401, { message: 'Unauthorized' })), 'You are signed out. Sign in again.');
  assert.equal(explain(problemOf(418, 'teapot')), 'The server answered with status 418. Try again in a moment.');
});

test('no answer, too many requests and faults of the server may pass', () => {
  const passing = [0, 429, 500, 503].map(status => problemOf(status, undefined).passing);
  assert.deepEqual(passing, [true, true, true, true]);
  const lasting = [400, 401, 404, 409, 415].map(status => problemOf(status, undefined).passing);
  assert.deepEqual(lasting, [false, false, false, false, false]);
});

test('file names keep their first letter', () => {
  assert.equal(sentence('notes.txt: no demuxer'), 'notes.txt: no demuxer.');
  assert.equal(sentence('upload it again'), 'Upload it again.');
  assert.equal(sentence('Really?'), 'Really?');
});

test('whatever was thrown has words', () => {
  assert.equal(explain(new Error('the disk is gone')), 'The disk is gone.');
  assert.equal(explain('text'), 'Something went wrong.');
});
