// The thread that runs libxml2 (WebAssembly): checks written XML against a client's XSD, reads places of XML answers.
// Invariant: its answer about a lead names elements, attributes and rules, never a value; nothing outside the given files is read.
import './xml-quiet.ts';
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import {
  ParseOption,
  XmlBufferInputProvider,
  XmlDocument,
  xmlRegisterInputProvider,
  XmlValidateError,
  XsdValidator,
  type XmlElement,
} from 'libxml2-wasm';
import {
  tooSlow,
  type Numbered,
  type XmlAnswer,
  type XmlQuestion,
  type XPathFound,
  type XsdFault,
} from './xml-thread.ts';

/** With a port and a signal the caller waits; without them this is a plain worker. */
const given = workerData as { readonly port: MessagePort; readonly signal: Int32Array } | undefined | null;

/** Compiled schemas kept in memory; beyond that the oldest is dropped, and compiled again on demand. */
const mostSchemas = 100;
const schemas = new Map<string, { readonly validator: XsdValidator; readonly source: XmlDocument }>();
const provider = new XmlBufferInputProvider({});
xmlRegisterInputProvider(provider);

const port = given?.port ?? parentPort;
port?.on('message', ({ number, content }: Numbered<XmlQuestion>) => {
  port.postMessage({ number, content: answer(content) } satisfies Numbered<XmlAnswer>);
  if (given?.signal === undefined) return;
  Atomics.add(given.signal, 0, 1);
  Atomics.notify(given.signal, 0);
});
if (given?.port === undefined)
  port?.postMessage({ number: 0, content: { kind: 'ready' } } satisfies Numbered<XmlAnswer>);

function answer(question: XmlQuestion): XmlAnswer {
  try {
    switch (question.ask) {
      case 'compile':
        return compile(question);
      case 'check':
        return check(question);
      case 'read':
        return read(question);
    }
  } catch (error) {
    return { kind: 'unusable', message: firstLine(error) };
  }
}

const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : 'it cannot be read').split('\n')[0]?.trim() ?? '';

function compile({ key, main, files }: Extract<XmlQuestion, { ask: 'compile' }>): XmlAnswer {
  // One folder for each schema: includes of two clients never meet.
  const urlOf = (name: string): string => `relais:/${key}/${name}`;
  const others = Object.keys(files).filter((name) => name !== main);
  for (const name of others) provider.addBuffer(urlOf(name), Buffer.from(files[name] ?? '', 'utf8'));
  try {
    const source = XmlDocument.fromString(files[main] ?? '', { url: urlOf(main) });
    const validator = XsdValidator.fromDoc(source);
    schemas.set(key, { validator, source });
  } finally {
    for (const name of others) provider.removeBuffer(urlOf(name));
  }
  const oldest = schemas.size > mostSchemas ? schemas.keys().next().value : undefined;
  if (oldest !== undefined) {
    schemas.get(oldest)?.validator.dispose();
    schemas.get(oldest)?.source.dispose();
    schemas.delete(oldest);
  }
  return { kind: 'compiled' };
}

/** The last answer read, since its rules are applied one after the other. */
let last: { readonly xml: string; readonly document: XmlDocument } | undefined;

function read({ xml, xpaths }: Extract<XmlQuestion, { ask: 'read' }>): XmlAnswer {
  if (last?.xml !== xml) {
    last?.document.dispose();
    last = undefined;
    last = { xml, document: XmlDocument.fromString(xml, { option: ParseOption.XML_PARSE_NONET }) };
  }
  const { document } = last;
  return { kind: 'read', found: xpaths.map((xpath) => evaluate(document, xpath)) };
}

/** undefined when the expression cannot be evaluated. */
function evaluate(document: XmlDocument, xpath: string): XPathFound | undefined {
  try {
    const found = document.eval(xpath);
    if (!Array.isArray(found)) return { value: found };
    const [first] = found;
    return { nodes: true, ...(first === undefined ? {} : { text: first.content }) };
  } catch {
    return undefined;
  }
}

function check({ key, xml }: Extract<XmlQuestion, { ask: 'check' }>): XmlAnswer {
  const schema = schemas.get(key);
  if (schema === undefined) return { kind: 'forgotten' };
  const document = XmlDocument.fromBuffer(xml);
  try {
    schema.validator.validate(document);
    return { kind: 'checked', faults: [] };
  } catch (error) {
    // The library gives up a backtracking pattern after some millions of steps.
    if (!(error instanceof XmlValidateError)) return { kind: 'checked', faults: [tooSlow] };
    const faults = error.details.map(({ message, xpath }) => faultOf(message, xpath, document));
    return { kind: 'checked', faults };
  } finally {
    document.dispose();
  }
}

/** Names of the elements from the outermost one down to the fault. */
function pathTo(xpath: string | undefined, document: XmlDocument): readonly string[] {
  const path: string[] = [];
  let node = xpath === undefined ? null : (document.get(xpath) as XmlElement | null);
  while (node !== null) {
    path.unshift(node.prefix === '' ? node.name : `${node.prefix}:${node.name}`);
    node = node.parent;
  }
  return path;
}

const rules: readonly (readonly [RegExp, string])[] = [
  [/No matching global (declaration|element)/, 'ROOT'],
  [/Missing child element/, 'MISSING'],
  [/is required but missing/, 'MISSING'],
  [/This element is not expected/, 'UNEXPECTED'],
  [/is not allowed/, 'NOT_ALLOWED'],
  [/is not a valid value/, 'TYPE'],
];

function faultOf(message: string, xpath: string | undefined, document: XmlDocument): XsdFault {
  const path = pathTo(xpath, document);
  const facet = /\[facet '(\w+)'\]/.exec(message)?.[1];
  const rule = facet?.toUpperCase() ?? rules.find(([form]) => form.test(message))?.[1] ?? 'INVALID';
  const attribute = /^Element '[^']*'(?:, attribute '([^']+)'|: The attribute '([^']+)')/.exec(message);
  const name = attribute?.[1] ?? attribute?.[2];
  // Names of the schema, not of the lead; several names are a choice, and none of them is the missing one.
  const expected =
    rule === 'MISSING' ? /Expected is \( (?:\{[^}]*\})?([\w.-]+) \)/.exec(message)?.[1] : undefined;
  return {
    path: expected === undefined ? path : [...path, expected],
    rule,
    ...(name === undefined ? {} : { attribute: name.replace(/^\{[^}]*\}/, '') }),
  };
}
