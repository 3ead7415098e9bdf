import { isJsonMap, type JsonMap, type LegacyFields, wrong } from './legacy-fields.ts';

/** What an old token lets its audience do: an ability on a resource. */
export interface LegacyCapability {
  /** `with`: a URI. */
  readonly resource: string;
  /** `can`, like `db/READ`; case does not count in it. */
  readonly ability: string;
  /**
   * What narrows it. UCAN 0.8 and 0.9: `nb`, or all that is beside `with` and `can` where there is more; absent where
   * there is nothing. UCAN 0.10: the list of alternatives, at least one, of which `{}` narrows nothing.
   */
  readonly caveats?: unknown;
}

const maxCapabilities = 1000;
// RFC 3986, section 3, without a look at what the scheme makes of it.
const uri = /^[a-z][a-z\d+.-]*:[^\s\p{C}]+$/iu;
const namespaced = /^[^\s\p{C}/]+\/[^\s\p{C}]+$/u;
const ability = /^[^\s\p{C}]+$/u;
const superuser = '*';

/**
 * Reads `att` of UCAN 0.8 and 0.9: a list of `{with, can, …}`.
 *
 * @throws HanaperError `malformed_token`
 */
export function readAttenuations(payload: LegacyFields): readonly LegacyCapability[] {
  return payload.list('att', maxCapabilities).map((item, index) => readAttenuation(item, `att[${index}]`));
}

/**
 * Reads `cap` of UCAN 0.10: a map of resources to maps of abilities to lists of caveats.
 *
 * @throws HanaperError `malformed_token`
 */
export function readCapabilities(payload: LegacyFields): readonly LegacyCapability[] {
  const capabilities = Object.entries(payload.map('cap')).flatMap(([resource, abilities]) => {
    // UCAN 0.10, section 3.2.6.2: one or more abilities are given for each resource.
    if (!isJsonMap(abilities) || Object.keys(abilities).length === 0) {
      throw wrong('cap', 'has a resource with no map of abilities');
    }
    return Object.entries(abilities).map(([name, caveats]) => readCapability(resource, name, caveats));
  });
  if (capabilities.length <= maxCapabilities) return capabilities;
  throw wrong('cap', `has more than ${maxCapabilities} capabilities`);
}

function readAttenuation(item: unknown, field: string): LegacyCapability {
  if (!isJsonMap(item)) throw wrong(field, 'is no map');
  const { with: resource, can, ...others } = item;
  return {
    resource: readResource(resource, field),
    ability: readAbility(can, namespaced, field),
    ...caveatsIn(others),
  };
}

function readCapability(resource: string, name: string, caveats: unknown): LegacyCapability {
  // UCAN 0.10, section 3.2.6.3: an empty list would disallow the ability that it stands beside.
  if (!Array.isArray(caveats) || caveats.length === 0 || !caveats.every(isJsonMap)) {
    throw wrong('cap', 'has an ability with no list of caveats, of which {} is one that narrows nothing');
  }
  return { resource: readResource(resource, 'cap'), ability: readAbility(name, ability, 'cap'), caveats };
}

function caveatsIn(others: JsonMap): { readonly caveats?: unknown } {
  const names = Object.keys(others);
  if (names.length === 0) return {};
  return { caveats: names.length === 1 && names[0] === 'nb' ? others['nb'] : others };
}

function readResource(value: unknown, field: string): string {
  if (typeof value === 'string' && uri.test(value)) return value;
  throw wrong(field, 'has a resource that is no URI');
}

function readAbility(value: unknown, form: RegExp, field: string): string {
  if (typeof value === 'string' && (value === superuser || form.test(value))) return value;
  throw wrong(field, 'has an invalid ability; one looks like db/READ');
}
