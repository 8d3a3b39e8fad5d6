// Makes the stream of the tests before the first of them, so that none has to wait for it.

import { makeMedia } from './mock/media.ts';

export default makeMedia;
