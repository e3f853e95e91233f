// Drafts a working mapping from the client's own sample: guesses marked, gaps listed, the opt-in never invented.
// Invariant: only codes, opt-in values and names of fields of the sample get into the files it drafts.
import { Document } from 'yaml';
import type { DataCategory } from '../../domain/lead.ts';
import { asText } from '../fields/values.ts';
import { partsOf, type Part } from './fields.ts';
import { readCsvSample, readFormSample, readJsonSample, readProcedure, jsonIn } from './read-text.ts';
import { readXmlSample } from './read-xml.ts';
import { recipientOf, type DraftingConnector, type Recipient } from './recipient.ts';
import type { Shape, Unreadable } from './shape.ts';
import { isRecord } from '../document/yaml.ts';

const doubtful = /^(yes|no|on|off|~)$/i;

/**
 * Writes a value as one line of YAML: flow style, single quotes, nothing that changes when read back. Read back
 * strictly, the line gives exactly the value, and it is one line whatever the value contains.
 */
export function yamlLine(value: unknown): string {
  if (Array.isArray(value)) return `[${(value as unknown[]).map(yamlLine).join(', ')}]`;
  if (isRecord(value)) {
    const pairs = Object.entries(value).map(([key, inner]) => `${scalar(key)}: ${yamlLine(inner)}`);
    return pairs.length === 0 ? '{}' : `{ ${pairs.join(', ')} }`;
  }
  return scalar(value);
}

function scalar(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value) ?? 'null';
  // Line ends and other control characters are escaped: the value may be in a comment.
  if (/[\p{Cc}\u2028\u2029]/u.test(value)) return JSON.stringify(value);
  if (doubtful.test(value)) return `'${value}'`;
  const text = new Document([value]).toString({ collectionStyle: 'flow', lineWidth: 0, singleQuote: true });
  return text.trim().slice(1, -1).trim();
}

const readAs = (bytes: Uint8Array, encoding: string): string | undefined => {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
};

/**
 * Decodes a client's sample to text, by the encoding it declares or as UTF-8; no character is lost on the way into
 * a draft. Undefined when it is not in its declared encoding. A CSV declares none: its reader tries Excel's.
 */
function decodeSample(bytes: Uint8Array): string | undefined {
  const head = Buffer.from(bytes.subarray(0, 200)).toString('latin1').trimStart();
  const declared = /^(?:\u00ef\u00bb\u00bf)?<\?xml[^>]*encoding=["']([\w-]+)/.exec(head)?.[1];
  const text = readAs(bytes, declared ?? 'utf-8');
  if (text !== undefined) return text;
  return /^[<{[]/.test(head) ? undefined : readAs(bytes, 'windows-1252');
}

interface SkeletonRequest {
  readonly clientId: string;
  readonly company: string;
  /** Last part of the destination's name. */
  readonly name?: string;
  readonly to?: string;
  readonly sample: Uint8Array;
  /** Name of the sample in the comment at the top. */
  readonly sampleName: string;
  /** The client's example of a successful answer. */
  readonly answer?: string;
  /** Categories of the contract when client.yaml exists; it is drafted otherwise. */
  readonly categories?: readonly DataCategory[];
}

export interface Skeleton {
  readonly destinationId: string;
  /** File name below the mappings folder -> text. client.yaml only when it was missing. */
  readonly files: Readonly<Record<string, string>>;
  readonly guessed: readonly { readonly target: string; readonly from: string; readonly why: string }[];
  readonly optIn: readonly { readonly target: string; readonly why: string }[];
  /** Gaps that a person must fill: `crm.yaml: ...`. */
  readonly open: readonly string[];
}

const defaultCategories: readonly DataCategory[] = ['identity', 'project', 'statistical'];

/** Recognises the format of a sample by its first characters, and reads it. */
function readSample(bytes: Uint8Array): Shape | Unreadable {
  const decoded = decodeSample(bytes);
  if (decoded === undefined)
    return {
      unreadable: 'it is not in the encoding it says, or not in UTF-8 where it says none. Save it as UTF-8.',
    };
  const text = decoded.trim();
  if (text === '') return { unreadable: 'it is empty.' };
  const procedure = readProcedure(text);
  if (procedure !== undefined) return procedure;
  if (/^[{[]/.test(text)) return readJsonSample(text);
  if (text.startsWith('<')) return readXmlSample(text);
  if (/^[^\s=&;]+=[^&\s]*(&[^\s=&]+=[^&\s]*)+$/.test(text)) return readFormSample(text);
  return readCsvSample(bytes);
}

/** Returns a text when no draft can be made. */
export function makeSkeleton(
  given: SkeletonRequest,
  connectors: readonly DraftingConnector[],
): Skeleton | string {
  const request = { ...given, company: oneLine(given.company), sampleName: oneLine(given.sampleName) };
  const { clientId } = request;
  const shape = readSample(request.sample);
  if ('unreadable' in shape) return `the sample cannot be used: ${shape.unreadable}`;
  const listInside = shape.slots.some((slot) => slot.target.includes('[0]'));
  const recipient = recipientOf({ to: request.to, clientId, format: shape.format, listInside }, connectors);
  if (typeof recipient === 'string') return recipient;
  const foreign = Object.keys(shape.envelope ?? {}).find(
    (block) => !recipient.connector.formats.includes(block),
  );
  if (foreign !== undefined)
    return `the sample is a call of a procedure (${foreign}), which is sent to an https:// address only.`;
  const name = request.name ?? recipient.name;
  const destinationId = `${clientId}-${name}`;
  const parts = partsOf(shape, request.categories ?? defaultCategories);
  const main = `${clientId}/${name}.yaml`;
  const files: Record<string, string> = {
    [main]: mappingText(request, destinationId, shape, recipient, parts),
  };
  const open = [
    ...recipient.open.map((question) => `${name}.yaml: ${question}`),
    ...parts.flatMap((part) => (part.kind === 'open' ? [`${name}.yaml: ${part.target}: ${part.why}`] : [])),
    ...shape.notes.map((note) => `${name}.yaml: ${note}`),
  ];
  if (!parts.some((part) => part.kind === 'consent'))
    open.push(`${name}.yaml: consent: the sample shows no opt-in with a value; ask the client (C51)`);
  if (request.categories === undefined) {
    files[`${clientId}/client.yaml`] = clientText(request, destinationId, recipient);
    open.push(
      'client.yaml: name, legalEntity, contacts.rights',
      'client.yaml: the authorisation of the contract (C18)',
    );
  }
  return {
    destinationId,
    files,
    guessed: parts.flatMap((part) =>
      part.kind === 'field'
        ? [{ target: asText(part.line['to']), from: readsFrom(part), why: part.why }]
        : [],
    ),
    optIn: parts.flatMap((part) => (part.kind === 'consent' ? [{ target: part.target, why: part.why }] : [])),
    open,
  };
}

/** A text in a comment must be one line, and a client's sample may contain anything. */
const oneLine = (text: string): string => text.replaceAll(/[\p{Cc}\u2028\u2029]/gu, ' ').trim();

const readsFrom = ({ line }: Extract<Part, { kind: 'field' }>): string =>
  asText(line['from'] ?? line['each'] ?? line['template']);

function mappingText(
  { company, sampleName, answer }: SkeletonRequest,
  destinationId: string,
  shape: Shape,
  recipient: Recipient,
  parts: readonly Part[],
): string {
  const ordered = shape.format === 'csv' || shape.format === 'xml';
  const layout = [
    ...Object.entries(shape.envelope ?? {}).map(([block, keys]) => `${block}: ${yamlLine(keys)}`),
    ...(shape.format === 'json' && Object.keys(shape.layout).length === 0
      ? []
      : [`${shape.format}: ${yamlLine(shape.layout)}`]),
  ];
  const lines = [
    `# How a lead is written for ${company}. Drafted from ${sampleName} by \`relais mapping new\`.`,
    '# A line marked "guess:" is to be compared with what the client says; delete the mark once it is right.',
    '# A line marked "TODO" waits for you.',
    '$schema: ../schema/mapping.schema.json',
    `destination: ${destinationId}`,
    `connector: ${recipient.connector.type}`,
    ...recipient.lines,
    '# TODO: which leads go here; without it all of this client: accepts: { programme: [XX-*] }',
    ...layout,
    '',
    "# The opt-in, under the client's own names and values, every state written out (C20).",
    ...consentLines(shape, parts),
    '',
    parts.some((part) => part.kind === 'field' || (ordered && part.kind === 'consent'))
      ? 'fields:'
      : 'fields: [] # TODO: nothing of the sample was recognised',
    ...parts.flatMap((part): readonly string[] => {
      switch (part.kind) {
        case 'field':
          return [`  - ${yamlLine(part.line)} # guess: ${oneLine(part.why)}`];
        case 'consent':
          return ordered ? [`  - ${yamlLine({ consent: part.target })}`] : [];
        case 'open':
          if (part.optIn === true) return [];
          return [`  # TODO: ${yamlLine(part.line ?? { to: part.target, from: '?' })} ${oneLine(part.why)}`];
      }
    }),
    ...answers(recipient, shape, answer),
  ];
  return `${lines.join('\n')}\n`;
}

/** The guessed lines; those without values in the sample are commented out with a #. */
function consentLines(shape: Shape, parts: readonly Part[]): readonly string[] {
  const lines = parts.flatMap((part) =>
    part.kind === 'consent' ? [`  - ${yamlLine(part.line)} # guess: ${oneLine(part.why)}`] : [],
  );
  const record = asText(shape.layout['record']);
  const names = parts.flatMap((part) => (part.kind === 'open' && part.optIn === true ? [part.target] : []));
  const waiting = (
    names.length === 0 && lines.length === 0 ? [shape.format === 'xml' ? `${record}.OPTIN` : 'OPTIN'] : names
  ).map(
    (to) =>
      `#   - { to: ${yamlLine(to)}, channel: email, values: { granted: ?, refused: ?, not_asked: ?, withdrawn: ? } }`,
  );
  const ask = '# TODO: ask the client for the values of each state, then take the # off:';
  if (lines.length === 0) return [ask, '# consent:', ...waiting];
  return ['consent:', ...lines, ...(waiting.length === 0 ? [] : [ask, ...waiting])];
}

function answers(recipient: Recipient, shape: Shape, answer: string | undefined): readonly string[] {
  if (recipient.connector.answers !== 'rules') return [];
  const [protocol] = Object.keys(shape.envelope ?? {});
  const { rule, why } = guessAnswer(answer, protocol ?? shape.format);
  return [
    '',
    '# What the answer means; without a rule that fits, nothing counts as accepted.',
    'response:',
    `  - ${yamlLine(rule)} # guess: ${why}`,
    ...(protocol === undefined
      ? []
      : ['  - { invalid: { fault: true } } # guess: any fault; a rule for each code says more']),
    '  # TODO: what a refusal and a duplicate look like: - { duplicate: { status: 409 } }',
    '',
    '# TODO: how a correction and an erasure are sent, if the client takes them (docs/mapping.md):',
    '# update: { send: { method: PUT, url: ... } }',
    '# erase: { send: { method: DELETE, url: ... }, fields: [] }',
  ];
}

function clientText(
  { clientId, company }: SkeletonRequest,
  destinationId: string,
  recipient: Recipient,
): string {
  const facts = Object.entries(recipient.facts).map(([key, values]) => `${key}: ${yamlLine(values)}`);
  return `${[
    `# Who ${company} is and what the contract says. Drafted by \`relais mapping new\`.`,
    '$schema: ../schema/client.schema.json',
    `id: ${clientId}`,
    `name: ${yamlLine(company)} # guess: name as people read it`,
    `legalEntity: ${yamlLine(company.toLocaleUpperCase('fr'))} # guess: legal entity of the contract`,
    ...facts,
    `categories: ${yamlLine(defaultCategories)} # guess: categories of data of the contract; financial only if it says so (C10)`,
    "contacts: {} # TODO: { rights: mailbox for prospects' rights }, a condition for going live (C52)",
    '# TODO: who may receive leads, from the contract; until then leads are withheld (C18). Take the # off:',
    '# authorisations:',
    '#   - recipient: # who receives them, as the contract says',
    `#     destination: ${destinationId}`,
    `#     targets: ${yamlLine(recipient.targets)}`,
    `#     categories: ${yamlLine(defaultCategories)}`,
    '#     document: # number of the contract',
    '#     from: 2026-01-01',
  ].join('\n')}\n`;
}

// Makes the rule that proves acceptance from the client's example of a successful answer (guarantee 5).
// Invariant: without an example the rule demands more than a status, and is marked as a guess.

const success = /^(success|succes|ok|accepted|created|valid|status|statut|state|result|resultat)$/i;
const yes = /^(ok|success|succes|created|accepted|true|done|processed|queued|enregistre)$/i;
const id = /^(id|uuid|reference|ref|leadid|lead_id|contactid|contact_id|recordid|key)$/i;

/** Conditions that only an answer without a fault satisfies. */
const byProtocol: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  jsonRpc: { json: { result: { exists: true } } },
  xmlRpc: { xpath: { '//methodResponse/params': { exists: true } } },
  soap: { xpath: { '//Body/*': { exists: true } } },
};

function guessAnswer(text: string | undefined, format: string) {
  const held = byProtocol[format];
  if (text === undefined && held !== undefined)
    return {
      rule: { accepted: { status: 200, ...held } },
      why: 'any answer without a fault; name what only a success holds, and where its reference is',
    };
  const mediaType = format === 'xml' ? 'application/xml' : 'application/json';
  if (text === undefined)
    return {
      rule: { accepted: { status: [200, 201], mediaType } },
      why: 'the answer to a lead is unknown; name what only a success holds, such as json: { success: true }, and reference: $.id',
    };
  const answer = jsonIn(text);
  if (!isRecord(answer))
    return {
      rule: { accepted: { status: [200, 201], mediaType } },
      why: 'the example answer is no JSON object',
    };
  const places = placesOf(answer, []);
  const proof = places.find(({ name, value }) =>
    typeof value === 'boolean'
      ? success.test(name) && value
      : typeof value === 'string' && success.test(name) && yes.test(value),
  );
  const reference = places.find(
    ({ name, value }) => id.test(name) && (typeof value === 'string' || typeof value === 'number'),
  );
  const condition =
    proof !== undefined
      ? { json: { [proof.path]: proof.value } }
      : reference !== undefined
        ? { json: { [reference.path]: { exists: true } } }
        : { mediaType };
  return {
    rule: {
      accepted: { status: '2xx', ...condition },
      ...(reference === undefined ? {} : { reference: `$.${reference.path}` }),
    },
    why: 'read from the example answer; only a success may look like this',
  };
}

interface Place {
  readonly path: string;
  readonly name: string;
  readonly value: unknown;
}

function placesOf(group: Record<string, unknown>, path: readonly string[]): readonly Place[] {
  return Object.entries(group).flatMap(([name, value]) =>
    isRecord(value) ? placesOf(value, [...path, name]) : [{ path: [...path, name].join('.'), name, value }],
  );
}
