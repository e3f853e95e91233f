// Handles references to secrets in settings, `secret:NAME`, and the values that headers get for them. Pure.
// Invariant: «secret:NAME» is shown and logged, never the value; a literal value in a secret's setting is an error of the file. A secret
// without a value, or with one that HTTP cannot transmit, stops the request.

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

export type ResolvedText =
  | { readonly ok: true; readonly value: string }
  | { readonly ok: false; readonly reason: 'SECRET_MISSING' | 'SECRET_MALFORMED' };

/** The text itself, or the value of the secret it names. */
export function resolveText(text: string, secret: (name: string) => string | undefined): ResolvedText {
  const name = secretName(text);
  if (name === undefined) return { ok: true, value: text };
  const value = secret(name);
  if (value === undefined || value === '') return { ok: false, reason: 'SECRET_MISSING' };
  return hasControl(value) || !isSendable(value)
    ? { ok: false, reason: 'SECRET_MALFORMED' }
    : { ok: true, value };
}

/** HTTP transmits one byte for each character of a header. */
export const isSendable = (text: string): boolean => !/[^\t\u0020-\u00ff]/.test(text);

export function hasControl(text: string): boolean {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  return /[\u0000-\u0008\u000a-\u001f\u007f]/.test(text);
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
