// Checks bodies in an envelope: forms that hold a record, SOAP, parameters of a procedure.
// Invariant: only reports; a misplaced argument is reported before any lead, or refused with the lead.
import type { Both } from '../../../connectors/contract.ts';
import { checkKey, checkLiteral } from '../fields/constants.ts';
import type { Path, Report } from '../document/problems.ts';
import type { Scope } from '../scope.ts';
import { xmlName } from '../fields/target.ts';
import type { Target } from '../fields/target.ts';
import type { Entry } from '../fields/values.ts';
import type { Encoding } from './encoding.ts';
import type { RecordEnvelope } from './write-form.ts';
import { emptyPlaces } from './write-rpc.ts';
import { soapPrefix } from './write-soap.ts';
import type { SoapDialect } from './write-soap.ts';
import type { XmlDialect } from './write-xml.ts';

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
    report.error(
      ['xml', 'root'],
      'MAP-710',
      [
        'le corps de SOAP contient un enregistrement : retirez root.',
        'the body of SOAP holds one record: leave root out.',
      ],
      {
        at: 'key',
      },
    );
  if (xml.instructions.length > 0)
    report.error(
      ['xml', 'instructions'],
      'MAP-710',
      [
        'un message SOAP n’a pas d’instructions de traitement.',
        'a SOAP message has no processing instructions.',
      ],
      {
        at: 'key',
      },
    );
  if (xml.xmlns.some(([prefix]) => prefix === soapPrefix))
    report.error(
      ['xml', 'xmlns', soapPrefix],
      'MAP-703',
      [
        `le préfixe « ${soapPrefix} » est celui de l’enveloppe : choisissez-en un autre.`,
        `the prefix "${soapPrefix}" is the envelope's own: choose another one.`,
      ],
      { at: 'key' },
    );
  if (header === undefined) return;
  if (!xmlName.test(header))
    report.error(['soap', 'header'], 'MAP-704', [
      `« ${header} » n’est pas un nom XML.`,
      `"${header}" is not an XML name.`,
    ]);
  else if (header === xml.record)
    report.error(['soap', 'header'], 'MAP-710', [
      'header et record sont deux éléments : donnez-leur deux noms.',
      'header and record are two elements: give them two names.',
    ]);
  else if (header.includes(':') && !xml.xmlns.some(([prefix]) => header.startsWith(`${prefix}:`)))
    report.error(['soap', 'header'], 'MAP-703', [
      `le préfixe de « ${header} » n’est pas déclaré sous xml.xmlns.`,
      `prefix of "${header}" is not declared under xml.xmlns.`,
    ]);
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
      report.error(
        [...path, 'to'],
        'MAP-710',
        [`le champ « ${target.text} » ${wrong[0]}.`, `target "${target.text}" ${wrong[1]}.`],
        {
          suggestion: `${at}.${target.text.replace(/^params\.?/, '') || 'name'}`,
        },
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
