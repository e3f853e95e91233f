// Compiles a client's XSD and checks records with it, in the thread that runs libxml2.
// Invariant: a lead whose check takes too long does not fit; an unreadable document is an error, never a lead that passes.
import { createHash } from 'node:crypto';
import { RelaisError } from '../../errors.ts';
import { askXml as ask, tooSlow, xmlThreadRuns } from './xml-thread.ts';
import type { XmlAnswer, XsdFault } from './xml-thread.ts';

export interface Xsd {
  readonly check: (xml: Uint8Array) => readonly XsdFault[];
}

/** Compiles an XSD among the files it may include; a text gives the reason why it cannot be used. */
export function compileXsd(main: string, files: Readonly<Record<string, string>>): Xsd | string {
  const key = createHash('sha256')
    .update(JSON.stringify([main, files]))
    .digest('hex')
    .slice(0, 32);
  const compile = (): XmlAnswer => ask({ ask: 'compile', key, main, files });
  const compiled = compile();
  if (compiled.kind === 'unusable') return compiled.message;
  return {
    check: (xml) => {
      // The check has its full time only when the thread runs and knows the schema.
      if (!xmlThreadRuns()) compile();
      let answer = checked(key, xml);
      // The thread was restarted or dropped the schema: it is compiled again.
      if (answer.kind === 'forgotten' && compile().kind === 'compiled') answer = checked(key, xml);
      if (answer.kind === 'checked') return answer.faults;
      throw new RelaisError('INTERNAL-001', 'The XSD validator cannot read what was written.');
    },
  };
}

/** The event loop waits: a lead needs some milliseconds; a slow one gets no more than this. */
const checkMs = 500;

function checked(key: string, xml: Uint8Array): XmlAnswer {
  try {
    return ask({ ask: 'check', key, xml }, checkMs);
  } catch (error) {
    if (error instanceof RelaisError && error.code === 'INTERNAL-001')
      return { kind: 'checked', faults: [tooSlow] };
    throw error;
  }
}
