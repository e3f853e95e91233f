// What may be kept as a recipient's reference of a record: it goes into addresses, and must never be a person (guarantee 7).
// Invariant: letters, digits and a few marks; no mail address, no phone number, nothing that would need escaping.
const longest = 128;
const plain = /^[A-Za-z0-9._~:/#=$|{}()[\]-]+$/;
/** A French number as it is dialled, or any with its country behind two zeros: ids of a CRM begin with no such zeros. */
const phone = /^0[1-9][._-]?(?:\d[._-]?){8}$|^00[1-9][\d._-]{7,}$/;

/** The reference as it is kept; undefined where it may be, or hold, something of a person. */
export function safeReference(value: unknown): string | undefined {
  // Past 2^53 a number is rounded: another record's.
  if (typeof value === 'number' && Math.abs(value) > Number.MAX_SAFE_INTEGER) return undefined;
  const text = typeof value === 'number' ? String(value) : typeof value === 'string' ? value.trim() : '';
  return text !== '' && text.length <= longest && plain.test(text) && !phone.test(text) ? text : undefined;
}
