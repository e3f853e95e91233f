// Finds the file of a mappings folder that `extends: presets/NAME` names.
// Invariant: a preset is a folder with its mapping.yaml, or one file NAME.yaml; published versions contain either form.

/** The existing file for a name, of the two forms. */
export function presetFile(name: string, files: Readonly<Record<string, string>>): string {
  if (name.endsWith('.yaml')) return name;
  const inFolder = `${name}/mapping.yaml`;
  return Object.hasOwn(files, inFolder) ? inFolder : `${name}.yaml`;
}

/** Names that a person may write after `extends`. */
export const presetNames = (files: Readonly<Record<string, string>>): readonly string[] =>
  Object.keys(files).flatMap((path) => {
    const name = /^(presets\/[^/]+)(?:\/mapping)?\.yaml$/.exec(path)?.[1];
    return name === undefined ? [] : [name];
  });

/** True for the mapping of a preset, not for other files in its folder. */
export const isPresetFile = (path: string): boolean => presetNames({ [path]: '' }).length > 0;
