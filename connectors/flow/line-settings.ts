// Settings of an acknowledgement's lines (`file.ack.lines`): type, schema, and the rules that a schema cannot express. Pure.
// Invariant: one word has one meaning, and a column is named or numbered, never guessed.
import {
  blockOf,
  formedText,
  oneOf,
  textOf,
  type Both,
  type JsonSchema,
  type LineWord,
  type SettingsProblem,
} from '../contract.ts';

export type Column = string | number;
export type LineEncoding = 'utf-8' | 'windows-1252' | 'iso-8859-15' | 'iso-8859-1';

export interface LineSettings {
  readonly csv?: {
    readonly delimiter?: string;
    readonly encoding?: LineEncoding;
    readonly header?: boolean;
  };
  readonly xml?: { readonly record: string };
  readonly reference?: Column;
  readonly key?: Column;
  readonly status: Column;
  readonly accepted: readonly string[];
  readonly duplicate?: readonly string[];
  readonly refused?: readonly string[];
  readonly again?: readonly string[];
  readonly reason?: Column;
  readonly id?: Column;
}

const column = (description: string): JsonSchema => ({
  description,
  'x-forme': 'le nom de la colonne, ou son rang à partir de 1.',
  anyOf: [
    textOf('Its name.', 120),
    { type: 'integer', minimum: 1, maximum: 500, description: 'Its place, from 1.' },
  ],
});

const words = (description: string): JsonSchema => ({
  type: 'array',
  minItems: 1,
  maxItems: 50,
  uniqueItems: true,
  description,
  items: textOf('As the column has it; capitals count alike.', 60),
});

export const lineSettingsSchema: JsonSchema = blockOf(
  'The acknowledgement says of each lead what became of it: how its lines are read. Without it the response rules read it as one answer.',
  ['status', 'accepted'],
  {
    csv: blockOf('It is a CSV.', [], {
      delimiter: {
        type: 'string',
        minLength: 1,
        maxLength: 1,
        default: ';',
        description: 'Between two cells.',
      },
      encoding: oneOf(
        'Encoding; bytes that are none of it make the file unreadable.',
        ['utf-8', 'windows-1252', 'iso-8859-15', 'iso-8859-1'],
        'utf-8',
      ),
      header: {
        type: 'boolean',
        description: 'true: its first line names the columns; default: true where columns are named here.',
      },
    }),
    xml: blockOf('It is XML, in the encoding that it declares.', ['record'], {
      record: formedText(
        'Name of the element of one lead, without a prefix.',
        '^[A-Za-z_][A-Za-z0-9_.-]{0,99}$',
        'le nom d’un élément, sans préfixe.',
      ),
    }),
    reference: column(
      'Column with our reference of the lead (from: id); in XML an element, or @name for an attribute.',
    ),
    key: column('Instead of reference: column with the key of the delivery (from: delivery.key).'),
    status: column('Column that says what became of it.'),
    accepted: words('Words for: taken.'),
    duplicate: words('Words for: was there already. Counts as delivered.'),
    refused: words('Words for: refused for good.'),
    again: words('Words for: not now; the lead leaves in a later file.'),
    reason: column('Column with a code for the refusal; a text is not kept (OTHER).'),
    id: column('Column with the number under which the recipient has it.'),
  },
);

/** The words of each kind, in the form in which they are compared. */
export function wordsOf({
  accepted,
  duplicate = [],
  refused = [],
  again = [],
}: LineSettings): ReadonlyMap<string, LineWord> {
  const of = (says: LineWord, list: readonly string[]): readonly (readonly [string, LineWord])[] =>
    list.map((word) => [compared(word), says]);
  return new Map([
    ...of('accepted', accepted),
    ...of('duplicate', duplicate),
    ...of('refused', refused),
    ...of('again', again),
  ]);
}

export const compared = (word: string): string => word.trim().toLocaleLowerCase('fr');

export const namesColumns = (lines: LineSettings): boolean =>
  columnsOf(lines).some((name) => typeof name === 'string');

export const hasHeading = (lines: LineSettings): boolean => lines.csv?.header ?? namesColumns(lines);

const columnsOf = ({ reference, key, status, reason, id }: LineSettings): readonly Column[] =>
  [reference, key, status, reason, id].filter((name) => name !== undefined);

/** @param path JSON pointer to these settings */
export function lineProblems(lines: LineSettings, path: string): readonly SettingsProblem[] {
  const problems: SettingsProblem[] = [];
  const say = (below: string, message: Both): void => void problems.push({ path: path + below, message });
  if ((lines.csv === undefined) === (lines.xml === undefined))
    say('', [
      'Il faut csv ou xml, l’un des deux seulement : {} pour un CSV en UTF-8 séparé par des ;.',
      'Exactly one of csv and xml: {} for a CSV with ; in UTF-8.',
    ]);
  if ((lines.reference === undefined) === (lines.key === undefined))
    say('', [
      'Il faut reference ou key, l’un des deux seulement : c’est par là qu’une ligne désigne un lead.',
      'Exactly one of reference and key: by it a line says of which lead it speaks.',
    ]);
  if (lines.csv !== undefined && !hasHeading(lines) && namesColumns(lines))
    say('/csv/header', [
      'Sans ligne de titres, les colonnes se comptent : écrivez leur rang, à partir de 1.',
      'Without a heading columns are counted: write their places, from 1.',
    ]);
  if (lines.xml !== undefined && columnsOf(lines).some((name) => typeof name === 'number'))
    say('', [
      'En XML un élément a un nom, ou @nom pour un attribut de l’enregistrement.',
      'In XML an element has a name, or @name for an attribute of the record.',
    ]);
  const { accepted, duplicate = [], refused = [], again = [] } = lines;
  const said = [...accepted, ...duplicate, ...refused, ...again].map(compared);
  const twice = said.find((word, index) => said.indexOf(word) !== index);
  if (twice !== undefined)
    say('', [
      `« ${twice} » est dans deux des listes : un mot ne peut avoir qu’un sens.`,
      `"${twice}" is in two of the lists: a word means one thing.`,
    ]);
  return problems;
}
