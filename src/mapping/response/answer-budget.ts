// Limits the size of a recipient's answer that is read. An answer beyond the limits is `unknown`, whatever it says.
// Invariant: limits are far above what CRMs send, and reading in the event loop is linear in the answer.

/** Elements of a page; of an XML answer, which may acknowledge 5,000 rows; and how deep elements may nest. */
export const mostElements = 5_000;
const mostXmlElements = 50_000;
export const mostNested = 200;

const mark: unique symbol = Symbol('answer too complex');

export const answerTooComplex = (): Error => Object.assign(new Error('answer too complex'), { [mark]: true });
export const isTooComplex = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && Object.hasOwn(error, mark);

/** Reason of an answer beyond the budget. */
export const tooComplexReason = 'ANSWER_TOO_COMPLEX';

/** Counts the tags of an XML text, before a parser reads it; false when it exceeds the limits. */
export function withinBudget(xml: string): boolean {
  let elements = 0;
  let nested = 0;
  let at = xml.indexOf('<');
  while (at >= 0) {
    if (xml.startsWith('<!--', at) || xml.startsWith('<![CDATA[', at)) {
      const end = xml.indexOf(xml.startsWith('<!--', at) ? '-->' : ']]>', at);
      if (end < 0) return true;
      at = xml.indexOf('<', end);
      continue;
    }
    const next = xml.indexOf('<', at + 1);
    const sign = xml[at + 1];
    if (sign === '/') nested -= 1;
    else if (sign !== '?' && sign !== '!') {
      elements += 1;
      const end = xml.indexOf('>', at);
      if (end < 0 || xml[end - 1] !== '/') nested += 1;
      if (elements > mostXmlElements || nested > mostNested) return false;
    }
    at = next;
  }
  return true;
}
