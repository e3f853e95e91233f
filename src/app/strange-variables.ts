// Finds misspelt variables: a name that begins with RELAIS_ and is unknown leaves a default silently in force.
// Invariant: RELAIS_SECRET_ variables have names of the operator's choice and are never reported.
import { variables } from '../config.ts';
import { passwordFileOf, withPassword } from '../config/reader.ts';
import { didYouMean, suggest } from '../mapping/document/suggest.ts';

const known = new Set(
  variables.flatMap(({ name, secret }) => [
    name,
    ...(secret === true ? [`${name}_FILE`] : []),
    ...(withPassword(name) ? [passwordFileOf(name)] : []),
  ]),
);

/** One line for each variable of the environment that begins with RELAIS_ and that nothing reads. */
export function strangeVariables(
  environment: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  return Object.keys(environment)
    .filter((name) => name.startsWith('RELAIS_') && !name.startsWith('RELAIS_SECRET_') && !known.has(name))
    .toSorted()
    .map((name) => {
      const near = suggest(name, [...known]);
      return `${name} is set, and nothing reads it.${didYouMean(near)}`;
    });
}
