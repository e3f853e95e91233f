// Decides whether a recipient's reference of a record may be stored: it is used in addresses, and must never name a person
// (guarantee 7).
// Invariant: letters, digits and a few marks; no mail address, no phone number, nothing that needs escaping.
const longest = 128;
const plain = /^[A-Za-z0-9._~:/#=$|{}()[\]-]+$/;
/** A French number as dialled, or any with its country code after two zeros: ids of a CRM have no such start. */
const phone = /^0[1-9][._-]?(?:\d[._-]?){8}$|^00[1-9][\d._-]{7,}$/;

/** The reference as stored; undefined when it may name or contain a person. */
export function safeReference(value: unknown): string | undefined {
  // Above 2^53 a number is rounded, and would name another record.
  if (typeof value === 'number' && Math.abs(value) > Number.MAX_SAFE_INTEGER) return undefined;
  const text = typeof value === 'number' ? String(value) : typeof value === 'string' ? value.trim() : '';
  return text !== '' && text.length <= longest && plain.test(text) && !phone.test(text) ? text : undefined;
}
