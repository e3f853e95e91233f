// Bounds the label values of metrics: a name beyond the limit, or one that is no slug, counts as `other`.
// Invariant: no label can grow without end or contain personal data, whatever the code behind an event becomes.

/** Keeps at most `limit` names; the first ones seen stay. */
export function createLabel(limit: number): (value: string | undefined) => string {
  const known = new Set<string>();
  return (value) => {
    if (value === undefined || value === '') return 'none';
    if (known.has(value)) return value;
    // A series of digits is no slug of ours: it could be a phone number.
    if (known.size >= limit || !/^[A-Za-z][A-Za-z0-9_.-]{0,59}$/.test(value)) return 'other';
    known.add(value);
    return value;
  };
}
