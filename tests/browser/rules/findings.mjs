// What the rules found. A rule is named as in docs/streaming rules: a letter for what it reads
// (M multivariant playlist, P media playlist, I I-frame playlist, C CMAF boxes, V picture,
// A alignment of tracks, D MPD, F files) and a number.

export class Findings {
  faults = [];
  notes = [];

  /** The output breaks a MUST, or a SHOULD that Millrace promises. */
  fault(rule, message) {
    this.faults.push(`${rule} ${message}`);
  }

  /** Worth knowing, and no fault. */
  note(rule, message) {
    this.notes.push(`${rule} ${message}`);
  }

  /** A fault unless `condition` holds. */
  require(condition, rule, message) {
    if (!condition) this.fault(rule, message);
    return Boolean(condition);
  }
}
