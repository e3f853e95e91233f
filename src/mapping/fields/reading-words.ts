// Messages about mistakes in how a field is read, French first.
// Invariant: names of sources and fields only.
import type { Both } from '../../../connectors/contract.ts';
import type { SourceType } from '../../domain/lead.ts';

export const oneTextNeeded: Both = [
  'un modèle de texte écrit un seul texte : ajoutez join, first ou last.',
  'a template writes one text: add join, first or last.',
];

export const inventingDefault = (path: string): Both => [
  `« ${path} » est une donnée de la personne : une valeur par défaut inventerait ce qu’elle n’a pas dit (C13).`,
  `"${path}" is a person's: a default would invent what was not said (C13).`,
];

export const plusInCell = (target: string): Both => [
  `« ${target} » s’écrirait +33... : la garde contre les formules mettrait ' devant.`,
  `"${target}" would be written +33...: the formula guard would put ' before it.`,
];

export const listInOnePlace = (path: string): Both => [
  `« ${path} » est une liste : ajoutez as: {join: ", "}, first ou last, ou utilisez each.`,
  `"${path}" is a list: add as: {join: ", "}, first or last, or use each.`,
];

export const cutToAnother = (path: string, type: SourceType): Both => [
  `« ${path} » est de type ${type} : coupée, la valeur en serait une autre. Utilisez on: error ou on: omit.`,
  `"${path}" is of type ${type}: cut short it would be another value. Use on: error or on: omit.`,
];
