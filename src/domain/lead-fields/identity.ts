// Defines the fields of the person's identity (C05): table `prospects`.
// Invariant: all of them are a person's; phones are E.164.
import { civilities } from '../lead-values.ts';
import { choice, email, phone, text, textLike } from './field.ts';
import { rules } from './rules.ts';

const addressFields = {
  line1: text(160, {
    column: 'address_line1',
    label: 'Adresse',
    description: 'Street and number.',
    sample: '12 rue des Exemples',
    guess:
      /(^|adresse|address)(adresse|address|rue|street|voie|line1?|ligne1?|adresse1|address1|adressepostale)$/,
  }),
  line2: text(160, {
    column: 'address_line2',
    label: 'Complément d’adresse',
    description: 'Address complement.',
    sample: 'Bâtiment B',
    guess: /complement|(adresse|address|line|ligne|street|rue)2$/,
  }),
  postcode: textLike(rules.postcode, {
    column: 'postcode',
    label: 'Code postal',
    description: 'Postcode.',
    sample: '69003',
    guess: /codepostal|^(cp|zip|zipcode)$|postcode|postalcode|zipcode/,
  }),
  city: text(120, {
    column: 'city',
    label: 'Ville',
    description: 'City.',
    sample: 'Lyon',
    guess: /(^|adresse|address)(ville|city|localite|town|commune)$/,
  }),
  country: textLike(rules.country, {
    column: 'country',
    label: 'Pays',
    description: 'Country, ISO 3166-1 alpha-2.',
    sample: 'FR',
    guess: /(^|adresse|address)(pays|country|countrycode)$/,
  }),
};

export const identityFields = {
  civility: choice(civilities, {
    column: 'civility',
    label: 'Civilité',
    description: 'Civility.',
    sample: 'ms',
    words: { mr: 'M.', ms: 'Mme' },
    guess: /civilite|civility|salutation|^(genre|gender|sexe|titre|title|civ)$/,
  }),
  lastName: text(120, {
    column: 'last_name',
    label: 'Nom',
    description: 'Last name.',
    sample: 'Durand-Exemple',
    guess:
      /^(contact|prospect|client|lead|personne|person|customer|acquereur)*(nom|lastname|surname|familyname|nomdefamille|nomfamille|nomusage|lname)$/,
  }),
  firstName: text(120, {
    column: 'first_name',
    label: 'Prénom',
    description: 'First name.',
    sample: 'Élise',
    guess: /prenom|firstname|givenname|forename|^fname$/,
  }),
  email: email({
    column: 'email',
    label: 'Adresse e-mail',
    description: 'E-mail address.',
    sample: 'elise.durand@courriel.example',
    guess: /mail|courriel/,
  }),
  mobile: phone({
    column: 'mobile',
    label: 'Téléphone mobile',
    description: 'Mobile phone (E.164).',
    sample: '+33639980001',
    guess:
      /(mobile|portable|gsm|cellphone|cellulaire)(phone)?(number)?[12]?$|^(telmobile|telportable|mobilephone)|^(tel|phone)?mob$/,
  }),
  landline: phone({
    column: 'landline',
    label: 'Téléphone fixe',
    description: 'Landline phone (E.164).',
    sample: '+33199000001',
    guess: /fixe?$|^fixe|landline|homephone|domicile$/,
  }),
  address: addressFields,
};
