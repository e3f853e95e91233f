// Which file of a mappings folder `extends: presets/NAME` means.
// Invariant: a preset is a folder with its mapping.yaml, or one file NAME.yaml; published versions hold either form.

/** The file a name means: among those given, the one that is there. */
export function presetFile(name: string, files: Readonly<Record<string, string>>): string {
  if (name.endsWith('.yaml')) return name;
  const inFolder = `${name}/mapping.yaml`;
  return Object.hasOwn(files, inFolder) ? inFolder : `${name}.yaml`;
}

/** What a person may write after `extends`. */
export const presetNames = (files: Readonly<Record<string, string>>): readonly string[] =>
  Object.keys(files).flatMap((path) => {
    const name = /^(presets\/[^/]+)(?:\/mapping)?\.yaml$/.exec(path)?.[1];
    return name === undefined ? [] : [name];
  });

/** A preset, as its folder has it beside other papers. */
export const isPresetFile = (path: string): boolean => presetNames({ [path]: '' }).length > 0;
