// Carries the running services from Jest's global set-up to its global tear-down: both run in Jest's own
// process, but each in a module registry of its own, so only globalThis is common to them.
import type { Services } from '../../sandbox/services.ts';

const place = globalThis as { relaisTestServices?: Services };

export const keepServices = (services: Services): void => {
  place.relaisTestServices = services;
};

export const takeServices = (): Services | undefined => {
  const services = place.relaisTestServices;
  delete place.relaisTestServices;
  return services;
};
