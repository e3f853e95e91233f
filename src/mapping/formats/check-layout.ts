// Checks the settings of a format, and the fields under them, before a lead is written: XML, envelopes of calls, CSV.
// Invariant: a mapping whose bytes its recipient could not read is refused by the check.
import { checkLiteral, checkKey } from '../fields/lints.ts';
import { fitInto, type Encoding } from './encoding.ts';
import { hinting, type Path, type Report } from '../document/problems.ts';
import type { Scope, XmlScope } from '../scope.ts';
import { prefixesOf, xmlName, type Target } from '../fields/target.ts';
import type { XmlDialect } from './write-xml.ts';
import type { Both } from '../../../connectors/contract.ts';
import type { Entry } from '../fields/values.ts';
import type { RecordEnvelope } from './write-form.ts';
import { emptyPlaces, soapPrefix, type SoapDialect } from './write-envelope.ts';
import { isRecord } from '../document/yaml.ts';
import type { CsvWriter } from './write-csv.ts';

/** The facts of the document that its targets depend on. */
export const xmlScope = (
  { record, root, xmlns, rootAttributes, encoding }: XmlDialect,
  header?: string,
): XmlScope => ({
  record,
  prefixes: new Set(['xml', 'xsi', ...xmlns.map(([prefix]) => prefix)]),
  rootAttributes: new Set(rootAttributes.map(([name]) => name)),
  encoding,
  root,
  header,
});

/** Checks the elements and attributes that the `xml:` block writes around the records. */
export function checkXml(xml: XmlDialect, many: boolean, report: Report, written: boolean): void {
  if (many && xml.root === undefined)
    report.atKey.error(['xml'], 'MAP-706', [
      'un fichier de plusieurs enregistrements a besoin de xml.root.',
      'a file of many records needs xml.root.',
    ]);
  const prefixes = new Set(xml.xmlns.map(([prefix]) => prefix));
  for (const [name, value] of xml.rootAttributes)
    checkLiteral(value, ['xml', 'rootAttributes', name], report);
  for (const [index, instruction] of xml.instructions.entries()) {
    if (/^(?!xml[\s?]|xml$)[\p{L}_][\p{L}\p{N}_.-]*( [^?]*)?$/iu.test(instruction)) continue;
    report.error(['xml', 'instructions', index], 'MAP-704', [
      'une instruction est un nom et ses données, sans <? ni ?> : adf version="1.0".',
      'an instruction is a name and its data, without <? and ?>: adf version="1.0".',
    ]);
  }
  for (const [name] of xml.rootAttributes)
    checkName(name, ['xml', 'rootAttributes', name], new Set(['xml', 'xsi', ...prefixes]), report);
  for (const key of ['root', 'record'] as const)
    if (xml[key] !== undefined && written) checkName(xml[key], ['xml', key], prefixes, report);
  const around = [xml.root, xml.record, ...xml.rootAttributes.map(([name]) => name), ...xml.instructions];
  const foreign = around.find(
    (text) => text !== undefined && fitInto(text, xml.encoding) !== text.normalize('NFC'),
  );
  if (foreign !== undefined)
    report.error(['xml', 'encoding'], 'MAP-709', [
      `${xml.encoding} n’a pas les lettres de « ${foreign} ».`,
      `${xml.encoding} does not have the letters of "${foreign}".`,
    ]);
}

/** Checks a name that the file gives an element or attribute. @param under the block that declares the prefixes */
function checkName(
  name: string,
  path: Path,
  prefixes: ReadonlySet<string>,
  report: Report,
  under: 'xmlns' | 'xml.xmlns' = 'xmlns',
): void {
  if (!xmlName.test(name))
    report.error(path, 'MAP-704', [`« ${name} » n’est pas un nom XML.`, `"${name}" is not an XML name.`]);
  else if (name.includes(':') && !prefixes.has(name.slice(0, name.indexOf(':'))))
    report.error(path, 'MAP-703', [
      `le préfixe de « ${name} » n’est pas déclaré sous ${under}.`,
      `prefix of "${name}" is not declared under ${under}.`,
    ]);
}

/** Checks that a target fits this XML. */
export function checkXmlTarget(target: Target, path: Path, scope: Scope): void {
  const { xml, report } = scope;
  if (xml === undefined) return;
  const first = target.steps[0]?.name;
  if (first !== xml.record && (first === undefined || first !== xml.header)) {
    hinting(report, `${xml.record}.${target.text}`).error([...path, 'to'], 'MAP-704', [
      `le champ « ${target.text} » ne commence pas par l’enregistrement « ${xml.record} ».`,
      `target "${target.text}" does not begin with the record "${xml.record}".`,
    ]);
  }
  const unknown = prefixesOf(target).find((prefix) => !xml.prefixes.has(prefix));
  if (unknown !== undefined)
    report.error([...path, 'to'], 'MAP-703', [
      `le préfixe « ${unknown} » du champ « ${target.text} » n’est pas déclaré sous xml.xmlns.`,
      `prefix "${unknown}" of target "${target.text}" is not declared under xml.xmlns.`,
    ]);
  const names = [
    ...target.steps.flatMap((step) => [step.name, ...step.fixed.map((pair) => pair.name)]),
    ...(typeof target.end === 'object' ? [target.end.attribute] : []),
  ];
  const foreign = names.find((name) => fitInto(name, xml.encoding) !== name.normalize('NFC'));
  if (foreign !== undefined)
    report.error([...path, 'to'], 'MAP-709', [
      `${xml.encoding} n’a pas les lettres de « ${foreign} ».`,
      `${xml.encoding} does not have the letters of "${foreign}".`,
    ]);
  // A record that is the outermost element carries the attributes of the root, too.
  if (
    xml.root === undefined &&
    target.steps.length === 1 &&
    typeof target.end === 'object' &&
    xml.rootAttributes.has(target.end.attribute)
  )
    report.error([...path, 'to'], 'MAP-208', [
      `l’attribut « ${target.end.attribute} » est écrit deux fois : ici et sous xml.rootAttributes.`,
      `the attribute "${target.end.attribute}" is written twice: here and under xml.rootAttributes.`,
    ]);
}

// Checks bodies in an envelope: forms that hold a record, SOAP, parameters of a procedure.
// Invariant: only reports; a misplaced argument is reported before any lead, or refused with the lead.

/** Checks the field of a form, or the part of a multipart body, that holds a record. */
export function checkEnvelope(
  { constants }: RecordEnvelope,
  block: string,
  encoding: Encoding | undefined,
  report: Report,
): void {
  for (const [name, value] of constants)
    if (!checkLiteral(value, [block, 'with', name], report))
      checkKey(name, value, [block, 'with', name], report);
  if (encoding !== undefined && encoding !== 'utf-8')
    report.error(['xml', 'encoding'], 'MAP-709', [
      'ce que contient un champ de formulaire est en UTF-8, quoi que dise sa déclaration.',
      'what a form field holds is UTF-8, whatever its declaration says.',
    ]);
}

export function checkSoap({ header }: SoapDialect, xml: XmlDialect, report: Report): void {
  if (xml.root !== undefined)
    report.atKey.error(['xml', 'root'], 'MAP-710', [
      'le corps de SOAP contient un enregistrement : retirez root.',
      'the body of SOAP holds one record: leave root out.',
    ]);
  if (xml.instructions.length > 0)
    report.atKey.error(['xml', 'instructions'], 'MAP-710', [
      'un message SOAP n’a pas d’instructions de traitement.',
      'a SOAP message has no processing instructions.',
    ]);
  if (xml.xmlns.some(([prefix]) => prefix === soapPrefix))
    report.atKey.error(['xml', 'xmlns', soapPrefix], 'MAP-703', [
      `le préfixe « ${soapPrefix} » est celui de l’enveloppe : choisissez-en un autre.`,
      `the prefix "${soapPrefix}" is the envelope's own: choose another one.`,
    ]);
  if (header === undefined) return;
  if (header === xml.record && xmlName.test(header))
    report.error(['soap', 'header'], 'MAP-710', [
      'header et record sont deux éléments : donnez-leur deux noms.',
      'header and record are two elements: give them two names.',
    ]);
  else {
    const prefixes = new Set(xml.xmlns.map(([prefix]) => prefix));
    checkName(header, ['soap', 'header'], prefixes, report, 'xml.xmlns');
  }
}

/** Checks that targets can be the parameters of a procedure. */
export function checkRpcTargets(
  targets: readonly { readonly target: Target; readonly path: Path }[],
  { rpc, report }: Scope,
): void {
  if (rpc === undefined) return;
  for (const { target, path } of targets) {
    const [first] = target.steps;
    const listed = first !== undefined && (first.append || first.places.length > 0);
    const wrong: Both | undefined =
      first?.name !== 'params'
        ? ['ne commence pas par params', 'does not begin with params']
        : rpc === 'xmlRpc' && !listed
          ? ['ne nomme pas de paramètre : ils sont une liste', 'names no parameter: they are a list']
          : target.steps.length === 1 && !listed
            ? [
                'n’est pas un paramètre : params est un groupe de noms ou une liste',
                'is no parameter: params is a group of names or a list',
              ]
            : undefined;
    const at = rpc === 'xmlRpc' ? 'params[0]' : 'params';
    if (wrong !== undefined)
      hinting(report, `${at}.${target.text.replace(/^params\.?/, '') || 'name'}`).error(
        [...path, 'to'],
        'MAP-710',
        [`le champ « ${target.text} » ${wrong[0]}.`, `target "${target.text}" ${wrong[1]}.`],
      );
  }
  const [hole] = emptyPlaces(targets.map(({ target }): Entry => ({ target, kind: 'cell', cell: '' })));
  const last = targets.at(-1);
  if (hole !== undefined && last !== undefined)
    report.error([...last.path, 'to'], 'MAP-711', [
      `rien n’écrit ${hole} : ce qui suit serait lu à sa place. Écrivez-le, avec value: null s’il n’a pas de valeur.`,
      `nothing writes ${hole}: what follows it would be read in its place. Write it, with value: null where it has none.`,
    ]);
}

// Checks that a CSV dialect can be read back: its separators, its words, the names of its columns.
// Invariant: only reports; a lead whose text would shift the columns is refused when it is written.

/** Checks the separators and words of the `csv:` block itself. */
export function checkCsv({ dialect, unwritable }: CsvWriter, raw: unknown, report: Report): void {
  const { delimiter, decimal, trueFalse, lineBreak, quote, encoding } = dialect;
  const block = isRecord(raw) ? raw : {};
  const fail = (key: string, message: Both, ...inner: Path): void =>
    report.error(['csv', key, ...inner], 'MAP-708', message);
  const foreign = [
    '"',
    ...(dialect.quoteInside === 'backslash' ? ['\\'] : []),
    ...(dialect.quoteInside === 'apostrophe' || dialect.formulaGuard ? ["'"] : []),
  ].find((sign) => delimiter.includes(sign));
  if (/[\r\n\v\f\u0085\u2028\u2029]/.test(delimiter))
    fail('delimiter', [
      'le séparateur est un saut de ligne : un lecteur ne trouverait qu’une colonne.',
      'the delimiter is a line break: a reader would find one column.',
    ]);
  else if (foreign !== undefined)
    fail('delimiter', [
      `le séparateur contient ${foreign}, que ce format emploie pour les guillemets.`,
      `the delimiter holds ${foreign}, which this dialect uses for quotes.`,
    ]);
  else if (/[\p{L}\p{N}]|\\t/u.test(delimiter))
    fail('delimiter', [
      'le séparateur contient une lettre ou un chiffre, comme les valeurs ; une tabulation est "\\t" entre guillemets doubles.',
      'the delimiter holds a letter or a digit, as values do; a tab is "\\t" between double quotes.',
    ]);
  else if (fitInto(delimiter, encoding) !== delimiter)
    fail('delimiter', [`${encoding} n’a pas le séparateur.`, `${encoding} does not have the delimiter.`]);
  if (/[\p{L}\p{N}"'+\r\n-]/u.test(decimal))
    fail('decimal', [`« ${decimal} » n’est pas un signe décimal.`, `"${decimal}" is no decimal sign.`]);
  else if (fitInto(decimal, encoding) !== decimal) fail('decimal', signUnknown(encoding, decimal));
  else if (quote === 'none' && delimiter.includes(decimal))
    fail(Object.hasOwn(block, 'decimal') ? 'decimal' : 'quote', [
      'le signe décimal est le séparateur et rien n’est entre guillemets : un nombre remplirait deux colonnes.',
      'the decimal sign is the delimiter and nothing is quoted: a number would fill two columns.',
    ]);
  for (const [index, word] of trueFalse.entries())
    if (unwritable(word) !== undefined)
      fail(
        'trueFalse',
        [`« ${word} » ne peut pas être écrit dans ce CSV.`, `"${word}" cannot be written in this CSV.`],
        index,
      );
  if (trueFalse[0] === trueFalse[1])
    fail('trueFalse', [
      'vrai et faux seraient écrits de la même façon.',
      'true and false would be written alike.',
    ]);
  if (lineBreak !== undefined && fitInto(lineBreak, encoding) !== lineBreak)
    fail('lineBreak', signUnknown(encoding, lineBreak));
  else if (lineBreak !== undefined && unwritable(`a${lineBreak}b`) !== undefined)
    fail('lineBreak', [
      `« ${lineBreak} » à la place d’un saut de ligne a besoin de guillemets, et rien n’est entre guillemets.`,
      `"${lineBreak}" in place of a line break needs quotes, and nothing is quoted.`,
    ]);
}

/** Checks that a reader finds every column under its own name. */
export function checkColumns(
  targets: readonly { readonly target: Target; readonly path: Path }[],
  csv: CsvWriter,
  report: Report,
): void {
  if (!csv.dialect.header) return;
  for (const { target, path } of targets) {
    if (csv.namesColumn(target.text)) continue;
    report.error([...path, 'to'], 'MAP-708', [
      `la colonne « ${target.text} » ne se lirait pas sous son nom : certains de ses caractères n’existent pas dans ce CSV.`,
      `the column "${target.text}" would not be read under its name: its letters or signs do not fit this CSV.`,
    ]);
  }
}

const signUnknown = (encoding: string, sign: string): Both => [
  `${encoding} n’a pas « ${sign} ».`,
  `${encoding} does not have "${sign}".`,
];
