// Finds or masks mail addresses and phone numbers in free text that is stored or sent where no person may be named.
// Invariant: a text that may be an address or a phone number counts as one; a date does not.

const date =
  /(?<!\d)(?:(?:19|20)\d\d-[01]\d-[0-3]\d|[0-3]?\d([-/.])[01]?\d\1(?:19|20)\d\d)(?:[T ]+\d\d[:hH]\d\d(?::\d\d)?)?(?!\d)/g;
/** A run of digits as people write numbers, from its + or first digit on; after a word for a phone also without a blank. */
const dialled =
  /(?:(?<!\w)|(?<=t[eé]l|phone|mobile|portable|port|gsm|fixe|mob|num[eé]ro))\+?\(?\d[\d\s().\-/]{6,}\d/gi;

// Full-width signs and other digits are letters to a regular expression, and a phone number to a reader.
const plainOf = (text: string): string =>
  text.normalize('NFKC').replaceAll(/[٠-٩]/g, (digit) => String(digit.charCodeAt(0) - 0x660));

/** Nine or more digits that start as a dialled number does; ticket numbers do not start with 0, 33 or +. */
const isDialled = (run: string): boolean =>
  run.replaceAll(/\D/g, '').length >= 9 && /^\(?(?:\+|0|\(0|33)/.test(run);

export function namesSomebody(text: string): boolean {
  const plain = plainOf(text);
  if (plain.includes('@')) return true;
  return [...plain.replaceAll(date, ' · ').matchAll(dialled)].some(([run]) => isDialled(run));
}

/** `lead.optin@canal=email`, a field of an XML file: an attribute follows the @, where a mail address has a domain with a dot. */
const xmlField = /^[\p{L}_][\p{L}\p{N}_.-]*@[\p{L}_][\p{L}\p{N}_-]*(=[^.]*)?$/u;

/**
 * The text with every mail address and phone number masked.
 * @param known mailboxes of no person: those that the client's contract names, in lower case
 */
export function impersonalText(text: string, known: ReadonlySet<string> = new Set()): string {
  if (!namesSomebody(text)) return text;
  const dates: string[] = [];
  const kept = plainOf(text)
    .replaceAll(/[^\s<>()[\],;:"«»]*@[^\s<>()[\],;:"«»]*/g, (address) => {
      const bare = address.replace(/[.!?]+$/, '');
      return known.has(bare.toLowerCase()) || xmlField.test(bare) ? address : '[adresse masquée]';
    })
    .replaceAll(date, (found) => `\uE000${dates.push(found) - 1}\uE001`);
  return kept
    .replaceAll(dialled, (run) => {
      if (!isDialled(run)) return run;
      return `${run.startsWith('(') && !run.includes(')') ? '(' : ''}[numéro masqué]`;
    })
    .replaceAll(/\uE000(\d+)\uE001/g, (_, index: string) => dates[Number(index)] ?? '');
}
