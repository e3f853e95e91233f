// Dependencies of the work on mappings.
import type { SendContext } from '../../../connectors/contract.ts';
import type { CheckOptions } from '../../mapping/check.ts';
import type { Publishing } from '../../publishing/publish.ts';
import type { SupportPlace } from '../place.ts';

export interface MappingPlace extends SupportPlace {
  readonly publishing: Publishing;
  readonly checkOptions: CheckOptions;
  readonly config: Pick<SendContext, 'secrets'> & {
    /** The folder of the mapping files on this machine. */
    readonly mappingsDir: string;
  };
}

export type { MappingSources } from '../../mapping/contract.ts';
