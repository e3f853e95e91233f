// Checks that the constants of a mapping are well-formed in XML: names, prefixes, attributes, instructions.
// Invariant: only reports; texts of a lead are escaped where they are written.
import { checkLiteral } from '../fields/constants.ts';
import { fitInto } from './encoding.ts';
import type { Path, Report } from '../document/problems.ts';
import type { Scope, XmlScope } from '../scope.ts';
import { prefixesOf, xmlName } from '../fields/target.ts';
import type { Target } from '../fields/target.ts';
import type { XmlDialect } from './write-xml.ts';

/** The facts of the document that its targets depend on. */
export const xmlScope = (
  { record, root, xmlns, rootAttributes, encoding }: XmlDialect,
  header?: string,
): XmlScope => ({
  record,
  prefixes: new Set(['xml', 'xsi', ...xmlns.map(([prefix]) => prefix)]),
  rootAttributes: new Set(rootAttributes.map(([name]) => name)),
  encoding,
  ...(root === undefined ? {} : { root }),
  ...(header === undefined ? {} : { header }),
});

/** Checks the elements and attributes that the `xml:` block writes around the records. */
export function checkXml(xml: XmlDialect, many: boolean, report: Report, written: boolean): void {
  if (many && xml.root === undefined)
    report.error(
      ['xml'],
      'MAP-706',
      [
        'un fichier de plusieurs enregistrements a besoin de xml.root.',
        'a file of many records needs xml.root.',
      ],
      { at: 'key' },
    );
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
  for (const [name] of xml.rootAttributes) {
    if (!xmlName.test(name))
      report.error(['xml', 'rootAttributes', name], 'MAP-704', [
        `« ${name} » n’est pas un nom XML.`,
        `"${name}" is not an XML name.`,
      ]);
    else if (name.includes(':') && !['xml', 'xsi', ...prefixes].includes(name.slice(0, name.indexOf(':'))))
      report.error(['xml', 'rootAttributes', name], 'MAP-703', [
        `le préfixe de « ${name} » n’est pas déclaré sous xmlns.`,
        `prefix of "${name}" is not declared under xmlns.`,
      ]);
  }
  for (const key of ['root', 'record'] as const) {
    const name = xml[key];
    if (name === undefined || !written) continue;
    if (!xmlName.test(name))
      report.error(['xml', key], 'MAP-704', [
        `« ${name} » n’est pas un nom XML.`,
        `"${name}" is not an XML name.`,
      ]);
    else if (name.includes(':') && !prefixes.has(name.slice(0, name.indexOf(':')))) {
      report.error(['xml', key], 'MAP-703', [
        `le préfixe de « ${name} » n’est pas déclaré sous xmlns.`,
        `prefix of "${name}" is not declared under xmlns.`,
      ]);
    }
  }
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

/** Checks that a target fits this XML. */
export function checkXmlTarget(target: Target, path: Path, scope: Scope): void {
  const { xml, report } = scope;
  if (xml === undefined) return;
  const first = target.steps[0]?.name;
  if (first !== xml.record && (first === undefined || first !== xml.header)) {
    report.error(
      [...path, 'to'],
      'MAP-704',
      [
        `le champ « ${target.text} » ne commence pas par l’enregistrement « ${xml.record} ».`,
        `target "${target.text}" does not begin with the record "${xml.record}".`,
      ],
      {
        suggestion: `${xml.record}.${target.text}`,
      },
    );
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
