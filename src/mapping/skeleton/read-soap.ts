// Reads a SOAP envelope as a sample: its record is the first element of the body; the header has places of its own.
// Invariant: the format writes the envelope; only the namespaces of the content are kept.
import { encodingOf, localName, namespacesOf, slotsOf } from './read-xml.ts';
import type { SampleElement, Shape } from './shape.ts';

/** The record of a SOAP envelope; undefined for another element. */
export function readSoap(top: SampleElement, text: string): Shape | undefined {
  if (localName(top) !== 'Envelope') return undefined;
  const named = (name: string): SampleElement | undefined =>
    top.children.find((child) => localName(child) === name);
  const record = named('Body')?.children[0];
  if (record === undefined) return undefined;
  const own = top.name.includes(':') ? top.name.slice(0, top.name.indexOf(':')) : '';
  const attributes = [...top.attributes, ...record.attributes];
  const version = attributes.some(([, value]) => value === 'http://www.w3.org/2003/05/soap-envelope');
  const header = named('Header')?.children[0];
  return {
    format: 'xml',
    layout: {
      record: record.name,
      ...namespacesOf(attributes.filter(([name]) => name !== (own === '' ? 'xmlns' : `xmlns:${own}`))),
      encoding: encodingOf(text),
    },
    envelope: {
      soap: {
        ...(version ? { version: '1.2' } : {}),
        ...(header === undefined ? {} : { header: header.name }),
      },
    },
    slots: [
      ...(header === undefined ? [] : slotsOf(header, header.name, [])),
      ...slotsOf(record, record.name, []),
    ],
    notes: ['the operation (SOAPAction) does not stand in a body: soap: { action: ... }'],
  };
}
