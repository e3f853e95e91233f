// Handles references to secrets in settings: `secret:NAME`, never the value. Pure.
// Invariant: «secret:NAME» is shown and logged; a literal value in a secret's setting is an error of the file.

const reference = /^secret:([A-Za-z_][A-Za-z0-9_]{0,63})$/;

const secretPattern = '^secret:[A-Za-z_][A-Za-z0-9_]{0,63}$';

/** Schema of a setting for a secret. */
export const secretSchema = (
  description: string,
): {
  readonly type: 'string';
  readonly pattern: string;
  readonly 'x-forme': string;
  readonly description: string;
} => ({
  type: 'string',
  pattern: secretPattern,
  'x-forme': 'secret:NOM.',
  description,
});

/** `NAME` of `secret:NAME`, or undefined when the text is not a reference. */
export function secretName(text: string | undefined): string | undefined {
  return text === undefined ? undefined : reference.exec(text)?.[1];
}

/** The value of `secret:NAME`, if there is one; any other text is returned unchanged. */
export function secretOrText(text: string, secret: (name: string) => string | undefined): string | undefined {
  const name = secretName(text);
  return name === undefined ? text : secret(name);
}

/** The mask that people see in place of the value. */
export function masked(text: string): string {
  const name = secretName(text);
  return name === undefined ? text : `«secret:${name}»`;
}

/** The same in the document a client signs, French first: several values in a row. */
export function shownSetting(value: string | readonly string[]): readonly [fr: string, en: string] {
  const values = typeof value === 'string' ? [value] : value;
  const shown = (word: string): string =>
    values
      .map((text) => (text.startsWith('secret:') ? `${word} (${text.slice('secret:'.length)})` : text))
      .join(', ');
  return [shown('confidentiel'), shown('confidential')];
}

/** The names among the given settings values, each once. */
export function namesAmong(texts: readonly (string | undefined)[]): readonly string[] {
  return [...new Set(texts.map(secretName).filter((name) => name !== undefined))];
}

/** The problem of a setting for a secret with any other value; the value is never repeated. */
export function clearTextProblem(
  path: string,
  text: string | undefined,
): readonly { readonly path: string; readonly message: readonly [fr: string, en: string] }[] {
  if (text === undefined || secretName(text) !== undefined) return [];
  return [
    {
      path,
      message: [
        'Un secret ne figure pas dans le fichier : écrivez secret:NOM et donnez la valeur à l’exploitant.',
        'A secret must not stand in the file: write secret:NAME and give the operator the value.',
      ],
    },
  ];
}
