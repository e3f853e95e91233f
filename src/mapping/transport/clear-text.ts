// Finds secrets written in clear in the settings of a mapping.
// Invariant: a message names the key, never the value.
import type { Both, JsonSchema } from '../../../connectors/contract.ts';
import type { Path, Report } from '../document/problems.ts';
import { blockAt, isRecord, textAt } from '../document/yaml.ts';
import { secretIn } from '../fields/secret-cells.ts';

const secretKey = /pass(word|phrase|wd)|secret|token|bearer|private[_-]?key|api[_-]?key|authorization/i;

/** Reports secrets in clear; returns their paths. */
export function reportClearText(
  settings: unknown,
  at: (path: Path) => Path,
  report: Report,
  schemas: readonly JsonSchema[],
): ReadonlySet<string> {
  const clear = new Set<string>();
  findClearText(settings, [], schemas, (path, says) => {
    clear.add(JSON.stringify(path));
    const key = String(path.at(-1));
    report.error(at(path), 'MAP-404', [`« ${key} » ${says[0]}`, `"${key}" ${says[1]}`]);
  });
  return clear;
}

const inClear: Both = [
  'contient un secret en clair : écrivez secret:NOM.',
  'holds a secret in clear: write secret:NAME.',
];
const misnamed: Both = [
  'ne nomme aucun secret : derrière secret: viennent des lettres, chiffres et _, comme secret:CRM_KEY.',
  'names no secret: behind secret: stand letters, digits and _, such as secret:CRM_KEY.',
];
const holdsPassword = /^[a-z]+:\/\/[^/?#\s]*:[^/?#\s]*@/i;
/** An address, or a place in an answer: under a key that looks like a secret's, it is a misspelt key. */
const isPlace = /^(?:https?:\/\/|\$\.)/;

/** Values that can only be secrets: by their key, by the connector's schema, or inside an address. */
function findClearText(
  value: unknown,
  path: Path,
  schemas: readonly JsonSchema[],
  found: (path: Path, says: Both) => void,
): void {
  if (!isRecord(value)) return;
  for (const [key, inner] of Object.entries(value)) {
    const here = [...path, key];
    const under = schemas.flatMap((schema) => blockAt(schema, 'properties')[key]).filter(isRecord);
    const says = under
      .map((schema) => textAt(schema, 'pattern') ?? (schema['enum'] === undefined ? undefined : ''))
      .filter((pattern) => pattern !== undefined)
      .map((pattern) => pattern.startsWith('^secret:'));
    // `tokenUrl` and `secretAs` look like secrets: where the schema describes the key, the schema decides. For an unknown
    // connector all schemas are compared; they decide only where they agree.
    const isSaid = says.length > 0 && new Set(says).size === 1;
    const secret = isSaid ? says[0] === true : secretKey.test(key);
    if (typeof inner !== 'string') findClearText(inner, here, under, found);
    else if (inner.startsWith('secret:')) {
      if (secretIn(inner) === undefined) found(here, misnamed);
    } else if (holdsPassword.test(inner) || (secret && (isSaid || !isPlace.test(inner))))
      found(here, inClear);
  }
}
