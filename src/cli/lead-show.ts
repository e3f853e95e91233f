// relais lead show: prints one lead, its consents, its deliveries, and the open ones with their reasons.
// Invariant: in one language; a person is masked unless revealed; each look is an entry of the log (C39, C58).
import { Option } from 'commander';
import type { Command, Given } from './command.ts';
import type { App } from '../app.ts';
import { ownReasons } from '../domain/names-in-text.ts';
import { RelaisError } from '../errors.ts';
import { showLead, type ConsentInForce, type LeadFile, type ShownRight } from '../support/lead-file.ts';
import type { PersonFact } from '../support/masking.ts';
import {
  paris,
  actionWords,
  actorOrNumber,
  consentPairWords,
  consentWords,
  inLanguage,
  reasonWords,
  stateWords,
  whyWords,
  type Both,
  type Language,
} from '../support/words.ts';
import { reasonOf, isReadable, standardInput, textOfFile } from './arguments.ts';
import { deliveryData, outJson, personData, out, say, strong, withApp } from './terminal.ts';
import { listRefused, refusedData } from './lead-find.ts';
import { isBought } from '../domain/anomaly.ts';
import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import type { Lead } from '../domain/lead.ts';
import type { MappingSources } from '../mapping/contract.ts';
import { frenchLabel } from '../mapping/fields/source.ts';
import { leadFromSample, sampleLead } from '../mapping/tools/sample.ts';
import { listed } from './mapping-check.ts';

type ShowOptions = Given<'client! lang! reveal reason json'>;

export function showCommands(lead: Command): void {
  lead
    .command('show <reference>')
    .description('one lead: consents in force, interactions, where it went, what waits and why')
    .requiredOption('--client <client>', 'client it belongs to')
    .option('--reveal', 'show the person instead of a mask (logged)')
    .option('--reason <text>', 'why (ticket number); needed with --reveal')
    .addOption(new Option('--lang <lang>', 'language').choices(['fr', 'en']).default('fr'))
    .option('--json', 'as JSON')
    .examples(
      '',
      'relais lead show HZ-000001 --client horizon',
      'relais lead show HZ-000001 --client horizon --reveal --reason "request 77"',
    )
    .action((reference: string, options: ShowOptions) => {
      const needsReason = options.reveal === true || options.reason !== undefined;
      const reason = needsReason ? reasonOf(options.reason) : ownReasons.leadShow;
      return withApp((app) => show(app, reference, { ...options, reason }));
    });
}

async function show(
  app: App,
  reference: string,
  options: Omit<ShowOptions, 'reason'> & { readonly reason: string },
): Promise<void> {
  const look = { reveal: options.reveal === true, actor: app.config.actor, reason: options.reason };
  const shown = await showLead(app.database, { clientId: options.client, reference }, look);
  switch (shown.found) {
    case 'nothing':
      throw new RelaisError(
        'FIND-001',
        `Client ${options.client} has no lead with the reference ${reference}.`,
      );
    case 'refused':
      if (options.json === true) return outJson(refusedData(shown.rows));
      say('No lead has this reference, only rows that were refused; relais lead refusals says why.');
      return listRefused(shown.rows);
    case 'lead':
      return options.json === true ? outJson([asData(shown.file)]) : print(shown.file, options.lang);
  }
}

const factWords: Readonly<Record<PersonFact['name'], Both>> = {
  lastName: ['Nom', 'Name'],
  firstName: ['Prénom', 'First name'],
  email: ['E-mail', 'Mail'],
  mobile: ['Mobile', 'Mobile'],
  landline: ['Fixe', 'Landline'],
  city: ['Ville', 'Town'],
};

type Say = (fr: string, en: string) => string;

function print(file: LeadFile, language: Language): void {
  const word: Say = (fr, en) => inLanguage([fr, en], language);
  const section = (title: string, lines: readonly string[], none = word('aucune', 'none')): void => {
    out(strong(`\n${title}`));
    for (const line of lines.length === 0 ? [none] : lines) out(`  ${line}`);
  };
  out(strong(`${file.reference} · ${file.clientId} · ${word('révision', 'revision')} ${file.revision}`));
  const named = (path: string, code: string): string => word(String(frenchLabel(path, code)), code);
  out(
    `${word('Reçu le', 'Came in')} ${paris(file.collectedAt)}${word(' : ', ', ')}${named('channel', file.channel)}`,
  );
  if (file.erasedAt !== undefined) out(erasedLine(file, file.erasedAt, word));
  for (const line of originLines(file, word)) out(`  ${line}`);
  for (const { name, value } of file.person)
    out(`  ${inLanguage(factWords[name], language).padEnd(11)} ${value}`);
  section(
    word('Consentements en vigueur', 'Consents in force'),
    file.consents.map((consent) => consentLine(consent, language)),
    word('aucun enregistré', 'none recorded'),
  );
  if (file.rights.length > 0)
    section(
      word('Droits exercés', 'Rights exercised'),
      file.rights.map((right) => rightLine(right, word)),
    );
  section(
    'Interactions',
    file.interactions.map(
      ({ at, kind, duration, voluntary }) =>
        `${paris(at)}  ${named('interactions.kind', kind)}${duration === undefined ? '' : ` (${duration} s)`}${voluntary ? word(', à son initiative', ', voluntary') : ''}`,
    ),
  );
  section(word('Livraisons', 'Deliveries'), deliveryLines(file, language));
}

function erasedLine({ rights, proofs }: LeadFile, at: Date, word: Say): string {
  const erasure = rights.findLast(({ entry }) => entry === 'erased');
  const proof = proofs.findLast(({ act }) => act === 'erasure');
  const parts = [
    word(`Personne effacée le ${paris(at)}`, `Person erased, ${paris(at)}`),
    ...(erasure === undefined
      ? []
      : [`${word('par', 'by')} ${byText(erasure, word)} (${word(...whyWords(erasure))})`]),
    ...(proof === undefined ? [] : [word(`preuve ${proof.number}`, `proof ${proof.number}`)]),
    ...(proof === undefined || proof.request === '' || erasure?.purpose === `request ${proof.request}`
      ? []
      : [word(`demande de droits ${proof.request}`, `request ${proof.request}`)]),
  ];
  return `  ${parts.join(', ')}`;
}

function deliveryLines({ deliveries, notRouted }: LeadFile, language: Language): readonly string[] {
  const word: Say = (fr, en) => inLanguage([fr, en], language);
  const everywhere = word('toutes', 'all');
  return [
    ...deliveries.map((row) => {
      const reason = row.reason === '' ? '' : ` : ${inLanguage(reasonWords(row.reason), language)}`;
      const action = inLanguage(actionWords[row.action], language);
      return `${row.id}  ${row.destinationId}  ${action}  ${inLanguage(stateWords[row.state], language)}${reason}`;
    }),
    ...notRouted.map(
      ({ destinationId, revision, reason }) =>
        `${word('non transmis', 'not routed')} (${destinationId || everywhere}, ${word('révision', 'revision')} ${revision}) : ${inLanguage(reasonWords(reason), language)}`,
    ),
  ];
}

const byText = ({ name, actor }: ShownRight, word: Say): string => name ?? word(...actorOrNumber(actor));

function rightLine(right: ShownRight, word: Say): string {
  const { at, entry, reason } = right;
  const [consent = '', channel = ''] = reason.split('.');
  const pair = consentPairWords(consent, channel);
  const meant = pair === undefined ? '' : ` (${word(...pair)})`;
  if (entry === 'consent_ended')
    return `${paris(at)}  ${word('accord arrivé à échéance :', 'consent ended:')} ${reason}${meant}`;
  const what =
    entry === 'erased'
      ? word('effacement', 'erasure')
      : `${word('retrait de', 'withdrawal of')} ${reason}${meant}`;
  return `${paris(at)}  ${what}${word(', par ', ', by ')}${byText(right, word)}${word(' : ', ': ')}${word(...whyWords(right))}`;
}

function consentLine(consent: ConsentInForce, language: Language): string {
  const word: Say = (fr, en) => inLanguage([fr, en], language);
  const { purpose, channel, state, lapsed, recordedAt } = consent;
  const until =
    consent.until === undefined ? '' : `${word(', jusqu’au ', ', until ')}${paris(consent.until)}`;
  const pair = consentPairWords(purpose, channel);
  const meant = pair === undefined ? '' : ` (${inLanguage(pair, language)})`;
  const over = lapsed ? word(' (accord échu ou sans preuve)', ' (lapsed or unproved)') : '';
  const other =
    consent.otherEntity === undefined
      ? ''
      : word(
          ` (nomme une autre société, ${consent.otherEntity} : transmis comme un refus)`,
          ` (names another company, ${consent.otherEntity}: sent as a refusal)`,
        );
  return `${purpose}.${channel} : ${inLanguage(consentWords[state], language)}${over}${other}, ${word('le ', '')}${paris(recordedAt)}${until}${meant}`;
}

function asData(file: LeadFile): object {
  return {
    client: file.clientId,
    reference: file.reference,
    revision: file.revision,
    channel: file.channel,
    collectedAt: file.collectedAt,
    erasedAt: file.erasedAt ?? null,
    notice: file.notice ?? null,
    provenance: file.provenance,
    person: personData(file.person),
    consents: file.consents,
    interactions: file.interactions.map(({ kind, at, voluntary }) => ({ kind, at, voluntary })),
    deliveries: file.deliveries.map(deliveryData),
    notRouted: file.notRouted,
    rights: file.rights,
    proofs: file.proofs.map(({ number, act, request }) => ({ number, act, request })),
  };
}

/** The notice, collector and purchase of a lead (C14, C54). Unknown facts are left out, except the missing proof of a bought lead. */
function originLines(
  { notice, provenance }: Pick<LeadFile, 'notice' | 'provenance'>,
  word: (fr: string, en: string) => string,
): readonly string[] {
  const { collectedBy, acquisition, seller, buyer, consentProof, proofReference } = provenance;
  const wasBought = isBought(provenance);
  const bought = [
    word('acheté', 'bought'),
    ...(seller === undefined ? [] : [word(`à ${seller}`, `from ${seller}`)]),
    ...(buyer === undefined ? [] : [word(`par ${buyer}`, `by ${buyer}`)]),
  ].join(' ');
  const proof =
    consentProof === 'present'
      ? word('preuve du consentement présente', 'proof of consent present')
      : word('sans preuve de consentement', 'without proof of consent');
  const found = proofReference === undefined ? '' : ` (${proofReference})`;
  return [
    ...(notice === undefined ? [] : [`${word('Mention', 'Notice').padEnd(11)} ${notice}`]),
    ...(collectedBy === undefined ? [] : [`${word('Recueil', 'Collected').padEnd(11)} ${collectedBy}`]),
    ...(wasBought ? [`${word('Provenance', 'Origin').padEnd(11)} ${bought}, ${proof}${found}`] : []),
    ...(!wasBought && acquisition === 'collected'
      ? [
          `${word('Provenance', 'Origin').padEnd(11)} ${word('collecté par le centre', 'collected by the centre')}`,
        ]
      : []),
  ];
}

// Chooses the invented lead for a tool: a sample of the client, a file, or the built-in one.
// Invariant: no real person's data; support/stored-leads reads stored leads, and logs the look first.

/** An invented lead: the requested sample, else the client's first, else the built-in one. */
export function inventedLead(sources: MappingSources, folder: string, wanted: string | undefined): Lead {
  const { name, text } = sampleOf(sources, folder, wanted);
  const sample = leadFromSample(text, name, sources.clientId);
  if (!sample.ok)
    throw new RelaisError('MAPPING-001', `The sample has errors:\n${listed(folder, sample.problems)}`);
  say(`sample: ${name}`);
  return sample.lead;
}

/** The requested sample: from the client's samples folder, or a path; else the first, else the built-in one. */
function sampleOf(
  sources: MappingSources,
  folder: string,
  wanted: string | undefined,
): { readonly name: string; readonly text: string } {
  const own = Object.keys(sources.files).filter((name) => /\/samples\/.*\.ya?ml$/.test(name));
  const bare = (name: string): string => basename(name).replace(/\.ya?ml$/, '');
  // A path names one file: a sample of the client with the same name is another lead.
  const path = wanted !== undefined && wanted !== basename(wanted) && existsSync(wanted);
  const found = wanted === undefined ? own[0] : own.find((name) => !path && bare(name) === bare(wanted));
  if (found !== undefined) return { name: found, text: sources.files[found] ?? '' };
  if (wanted === undefined) return { name: 'a built-in invented lead', text: sampleLead };
  if (isReadable(wanted))
    return { name: wanted === standardInput ? 'standard input' : resolve(wanted), text: textOfFile(wanted) };
  const known = own.map(bare).join(', ') || 'none';
  throw new RelaisError(
    'FIND-001',
    `No sample is called ${wanted}, neither in ${join(folder, sources.clientId, 'samples')} (${known}) nor as a path.`,
  );
}
