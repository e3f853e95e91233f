// Writes a record into a SOAP envelope, 1.1 or 1.2: fields under the header's element in `soap:Header`, all others in `soap:Body`.
// Invariant: one record in one envelope; a prospect's text remains text in its element.
import type { Body } from '../../../connectors/contract.ts';
import { isRecord } from '../document/yaml.ts';
import type { Entry } from '../fields/values.ts';
import { elementOf, elementText, xmlDeclaration } from './write-xml.ts';
import type { XmlDialect } from './write-xml.ts';
import { charsetOf, encodeXml } from './encoding.ts';

export interface SoapDialect {
  readonly version: '1.1' | '1.2';
  readonly action: string;
  readonly header?: string;
}

/** Prefix of the envelope itself; no namespace of the file may use it. */
export const soapPrefix = 'soap';

const namespaces: Readonly<Record<SoapDialect['version'], string>> = {
  '1.1': 'http://schemas.xmlsoap.org/soap/envelope/',
  '1.2': 'http://www.w3.org/2003/05/soap-envelope',
};

/** Reads the `soap:` block; the schema has checked its kinds. */
export function readSoapDialect(raw: unknown): SoapDialect {
  const { version, action, header } = isRecord(raw) ? raw : {};
  return {
    version: version === '1.2' ? '1.2' : '1.1',
    action: typeof action === 'string' ? action : '',
    ...(typeof header === 'string' ? { header } : {}),
  };
}

/** Entries of the header, and those of the record. */
export function splitHeader(
  entries: readonly Entry[],
  header: string | undefined,
): { readonly head: readonly Entry[]; readonly record: readonly Entry[] } {
  const isHead = (entry: Entry): boolean => header !== undefined && entry.target.steps[0]?.name === header;
  return { head: entries.filter(isHead), record: entries.filter((entry) => !isHead(entry)) };
}

export function soapBody(entries: readonly Entry[], soap: SoapDialect, xml: XmlDialect): Body {
  const { head, record } = splitHeader(entries, soap.header);
  const part = (name: string, content: readonly ReturnType<typeof elementOf>[]) => ({
    name: `${soapPrefix}:${name}`,
    attributes: [],
    children: [...content],
  });
  const headers = soap.header === undefined || head.length === 0 ? [] : [elementOf(soap.header, head)];
  const own = elementOf(xml.record, record);
  own.attributes.unshift(...xml.rootAttributes.map(([name, value]): [string, string] => [name, value]));
  const envelope = part('Envelope', [
    ...(headers.length === 0 ? [] : [part('Header', headers)]),
    part('Body', [own]),
  ]);
  const spaces = [[soapPrefix, namespaces[soap.version]] as const, ...xml.xmlns];
  const text = xmlDeclaration(xml) + elementText(envelope, { ...xml, xmlns: spaces });
  const charset = charsetOf(xml.encoding);
  return {
    bytes: encodeXml(text, xml.encoding),
    extension: 'xml',
    ...(soap.version === '1.1'
      ? {
          mediaType: `text/xml; charset=${charset}`,
          headers: { accept: 'text/xml, application/xml;q=0.9', soapaction: `"${soap.action}"` },
        }
      : {
          mediaType: `application/soap+xml; charset=${charset}${soap.action === '' ? '' : `; action="${soap.action}"`}`,
          headers: { accept: 'application/soap+xml, text/xml;q=0.9' },
        }),
  };
}
