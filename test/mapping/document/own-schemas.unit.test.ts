// The schemas that files are checked by are themselves sound: the program compiles them without asking that again.
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { connectors } from '../../../connectors/index.ts';
import clientSchema from '../../../mappings/schema/client.schema.json' with { type: 'json' };
import mappingSchema from '../../../mappings/schema/mapping.schema.json' with { type: 'json' };

const schemas: readonly (readonly [string, object])[] = [
  ['client.yaml', clientSchema],
  ['a mapping', mappingSchema],
  ...Object.values(connectors).map(
    ({ type, settingsSchema }) => [`connector ${type}`, settingsSchema] as const,
  ),
];

test.each(schemas)('the schema of %s is a schema', (_name, schema) => {
  const ajv = new Ajv2020({ strict: false });
  (addFormats as unknown as (target: Ajv2020) => void)(ajv);
  expect(() => ajv.compile(schema)).not.toThrow();
  expect(() => ajv.compile({ ...schema, $id: 'broken', type: 'no such type' })).toThrow('type');
});
