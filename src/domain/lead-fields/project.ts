// Defines the fields of the prospect's project (C06): table `lead_projects`.
// Invariant: surfaces in m², budgets in euros; all but the programme is a person's.
import { housingTypes, housingUses } from '../lead-values.ts';
import { amount, choice, longText, text, whole } from './field.ts';

const surface = { max: 100_000, unit: 'm²' };
const budget = { max: 1_000_000_000, unit: 'euros' };

export const projectFields = {
  programme: text(64, {
    column: 'programme',
    person: false,
    label: 'Programme demandé',
    description: 'Programme asked for.',
    sample: 'PROGRAMME-1',
    guess:
      /(projet|programme|program|residence|operation)(nom|name|id|code|ref|reference|libelle)$|^(nom|name|code|id|ref)(programme|program|residence)/,
  }),
  housingType: choice(housingTypes, {
    column: 'housing_type',
    label: 'Type de logement',
    description: 'Type of housing.',
    sample: 'apartment',
    words: {
      apartment: 'Appartement',
      house: 'Maison',
      land: 'Terrain',
      parking: 'Stationnement',
      commercial: 'Local commercial',
      other: 'Autre',
    },
    guess: /type(de)?(logement|bien|produit)|housingtype|propertytype|natureb?ien/,
  }),
  rooms: whole(
    { min: 1, max: 100, unit: 'rooms' },
    {
      column: 'rooms',
      label: 'Nombre de pièces',
      description: 'Number of rooms.',
      sample: 3,
      guess: /pieces|rooms|nbpiece/,
    },
  ),
  surfaceMin: amount(surface, {
    column: 'surface_min',
    label: 'Surface minimale (m²)',
    description: 'Smallest surface wanted, m².',
    sample: 62.5,
    guess: /surface|superficie/,
  }),
  surfaceMax: amount(surface, {
    column: 'surface_max',
    label: 'Surface maximale (m²)',
    description: 'Largest surface wanted, m².',
    note: 'not below `surface_min`',
    sample: 80,
    guess: /surface(max|maximum)|maxsurface/,
  }),
  use: choice(housingUses, {
    column: 'housing_use',
    label: 'Destination du bien',
    description: 'Use of the property.',
    sample: 'main_residence',
    words: {
      main_residence: 'Résidence principale',
      second_home: 'Résidence secondaire',
      rental_investment: 'Investissement locatif',
      resale: 'Revente',
      other: 'Autre',
    },
    guess:
      /^(projet|project)*(destination|usage|typeachat|projetachat|finalite|destinationbien|destinationdubien|objectif)$/,
  }),
  budgetMin: amount(budget, {
    column: 'budget_min',
    label: 'Budget minimal (€)',
    description: 'Lowest budget, euros.',
    sample: 250_000,
    guess: /budget(min|minimum)|minbudget|prixmin/,
  }),
  budgetMax: amount(budget, {
    column: 'budget_max',
    label: 'Budget maximal (€)',
    description: 'Highest budget, euros.',
    note: 'not below `budget_min`',
    sample: 285_000,
    guess: /budget|prixmax|maxprice|enveloppe/,
  }),
  location: text(160, {
    column: 'location',
    label: 'Lieu souhaité',
    description: 'Place wanted, as said.',
    sample: 'Lyon 3e',
    guess: /localisation|secteur|^(lieu|zone|location|localite)$/,
  }),
  comment: longText(10_000, {
    column: 'comment',
    label: 'Commentaire',
    description: 'The request in the prospect’s words.',
    source: 'comment',
    sample: 'Souhaite un étage élevé, balcon.',
    guess: /commentaire|comment|^(message|remarques?|observations?|notes?|texte|demande|besoin|description)$/,
  }),
};
