// Defines the fields of the person's financial situation (C10): table `lead_finances`, with a row only when one was given.
// Invariant: sent only when contract and destination both list the category, never in a mail body.
import { amount } from './field.ts';

const euros = { max: 1_000_000_000, unit: 'euros' };

export const financialFields = {
  contribution: amount(euros, {
    column: 'contribution',
    label: 'Apport (€)',
    description: 'Personal contribution, euros.',
    sample: 30_000,
    guess: /^apport|(projet|financement)apport/,
  }),
  resale: amount(euros, {
    column: 'resale',
    label: 'Revente (€)',
    description: 'Expected resale, euros.',
    sample: 120_000,
    guess: /revente|resale/,
  }),
  referenceTaxIncome: amount(euros, {
    column: 'reference_tax_income',
    label: 'Revenu fiscal de référence (€)',
    description: 'Reference tax income, euros.',
    sample: 42_000,
    guess: /revenu|income|^rfr$/,
  }),
  rent: amount(
    { max: 1_000_000, unit: 'euros a month' },
    {
      column: 'rent',
      label: 'Loyer (€ par mois)',
      description: 'Rent paid, euros a month.',
      sample: 850,
      guess: /loyer|^rent$/,
    },
  ),
  taxBracket: amount(
    { max: 100, unit: 'percent' },
    {
      column: 'tax_bracket',
      label: 'Tranche marginale d’imposition (%)',
      description: 'Marginal tax bracket, percent.',
      sample: 30,
      guess: /^tmi$|tranche|taxbracket/,
    },
  ),
};
