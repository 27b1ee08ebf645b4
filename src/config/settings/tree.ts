/** Reads a zod schema by its JSON Schema (input side), because the inner shape of zod's objects is no public contract. */
import { z } from 'zod';

/** One node of the JSON Schema, with the members that this project adds with `.meta()`. */
export interface SchemaNode {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  /** Of a mapping with any keys: what each value is. */
  readonly additionalProperties?: boolean | SchemaNode;
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly description?: string;
  /**
   * `true`: never shown. `'url'`: a URL whose credentials are never shown; `'path'`: only its origin is shown;
   * `'variables'`: in all strings within it, what `${VAR}` stood for is never shown.
   */
  readonly secret?: boolean | 'url' | 'path' | 'variables';
  /** Whether errors leave out a value that is refused, because it may hold a secret. */
  readonly unquoted?: boolean;
  /** Whether placeholders (`${change.…}`) are replaced in all strings within it, so that it must keep their escapes. */
  readonly placeholders?: boolean;
  /** The member that a scalar stands for. */
  readonly shorthand?: string;
}

/** A value as the file has it. */
export type Raw = string | number | boolean | null | readonly Raw[] | RawObject;
/** A mapping as the file has it. */
export interface RawObject {
  readonly [key: string]: Raw;
}

/** Keys and indices, from the root. */
export type Path = readonly (string | number)[];

const nodeSchema: z.ZodType<SchemaNode> = z.lazy(() =>
  z
    .object({
      // In a union of string and number (a size), a flag or variable gives the string.
      type: z.union([z.string(), z.array(z.string()).transform(() => 'string')]).optional(),
      properties: z.record(z.string(), nodeSchema).optional(),
      additionalProperties: z.union([z.boolean(), nodeSchema]).optional(),
      items: nodeSchema.optional(),
      anyOf: z.array(nodeSchema).optional(),
      // Of mappings that one member tells apart: for all that is read here, that is an `anyOf`.
      oneOf: z.array(nodeSchema).optional(),
      enum: z.array(z.unknown()).optional(),
      default: z.unknown().optional(),
      description: z.string().optional(),
      secret: z.union([z.boolean(), z.enum(['url', 'path', 'variables'])]).optional(),
      unquoted: z.boolean().optional(),
      placeholders: z.boolean().optional(),
      shorthand: z.string().optional(),
    })
    .transform(({ oneOf, ...node }) => (oneOf === undefined ? node : { ...node, anyOf: oneOf })),
) as z.ZodType<SchemaNode>;

/** One setting, as the table shows it. */
export interface Setting {
  /** Such as `pace.burst`, or `registries[].host` for a member of a list's entries. */
  readonly path: string;
  /** Spelled as in the file; undefined if there is none. */
  readonly default: unknown;
  readonly description: string;
  /** Environment variable, of a scalar or of a list of strings separated by commas; null inside a list. */
  readonly env: string | null;
  readonly flag: string | null;
  readonly node: SchemaNode;
}

/** The settings of a schema. */
export class SettingsTree {
  readonly root: SchemaNode;
  readonly prefix: string;
  readonly #reserved: RegExp;

  /**
   * @param schema of the whole configuration; its nodes may have the metadata of `SchemaNode`
   * @param prefix of every environment variable
   * @param reserved matches what follows the prefix in variables that are no settings
   */
  constructor(schema: z.ZodType, prefix: string, reserved: RegExp) {
    this.root = nodeSchema.parse(z.toJSONSchema(schema, { io: 'input' }));
    this.prefix = prefix;
    this.#reserved = reserved;
  }

  /** Whether a variable with the prefix belongs to somebody else. */
  isReserved(variable: string): boolean {
    return this.#reserved.test(variable.slice(this.prefix.length));
  }

  list(node: SchemaNode = this.root, path = ''): readonly Setting[] {
    if (node.shorthand !== undefined) {
      const { [node.shorthand]: whole, ...others } = node.properties ?? {};
      const wholeDefault = defaultMember(node, node.shorthand);
      const first = whole && this.#setting({ ...whole, default: wholeDefault ?? whole.default }, path);
      return [...(first ? [first] : []), ...this.#members(others, path)];
    }
    if (node.properties !== undefined) return this.#members(node.properties, path);
    if (node.anyOf?.some((option) => option.items?.properties !== undefined)) {
      const lists = node.anyOf.filter((option) => option.items?.properties !== undefined);
      const scalar: SchemaNode = { ...node, anyOf: node.anyOf.filter((option) => !lists.includes(option)) };
      return [this.#setting(scalar, path), ...lists.flatMap((option) => this.list(option, path))];
    }
    if (node.items?.properties !== undefined) return this.list(node.items, `${path}[]`);
    const kinds = node.items?.anyOf?.filter(({ properties }) => properties !== undefined) ?? [];
    if (kinds.length > 0) return this.#listKinds(kinds, `${path}[]`);
    return [this.#setting(node, path)];
  }

  /** The members of mappings of several kinds: each once, and once more where it means something else. */
  #listKinds(kinds: readonly SchemaNode[], path: string): readonly Setting[] {
    const keys = [...new Set(kinds.flatMap(({ properties }) => Object.keys(properties ?? {})))];
    return keys.flatMap((key) => {
      const owners = kinds.flatMap((kind) => {
        const member = memberOf(kind, key);
        return member === undefined ? [] : [{ member, name: nameOfKind(kind) }];
      });
      const meanings = [...new Set(owners.map(({ member }) => member.description))];
      return meanings.map((description) => {
        const same = owners.filter(({ member }) => member.description === description);
        const names = same.map(({ name }) => `\`${name}\``).join(', ');
        const of = same.length === kinds.length ? '' : `${names}: `;
        const defaults = new Set(same.map(({ member }) => JSON.stringify(member.default)));
        const node = { ...same[0]?.member, description: `${of}${description ?? ''}` };
        return this.#setting(defaults.size > 1 ? { ...node, default: undefined } : node, `${path}.${key}`);
      });
    });
  }

  /** The nodes that may describe the value at a path. A union gives several. */
  nodesAt(path: Path): readonly SchemaNode[] {
    let nodes: readonly SchemaNode[] = alternatives(this.root);
    for (const step of path) {
      nodes = nodes.flatMap((node) => {
        const next = typeof step === 'number' ? node.items : memberOf(node, step);
        return next === undefined ? [] : alternatives(next);
      });
    }
    return nodes;
  }

  /** As `nodesAt`, for a mapping: only those of its `kind`, if it has a known one. */
  mappingsAt(path: Path, value: Raw | undefined): readonly SchemaNode[] {
    const nodes = this.nodesAt(path);
    const own = nodes.filter((node) => isRawObject(value) && nameOfKind(node) === value.kind);
    return own.length === 0 ? nodes : own;
  }

  /** Whether placeholders are replaced in a member of a mapping. */
  hasPlaceholders(path: Path, mapping: RawObject, key: string): boolean {
    return this.mappingsAt(path, mapping).some((node) => memberOf(node, key)?.placeholders === true);
  }

  /** Gives a string from outside the file the type that its place wants. If none fits, the string stays. */
  coerce(value: string, path: Path): Raw {
    const nodes = this.nodesAt(path);
    const types = new Set(nodes.map((node) => (node.shorthand === undefined ? node.type : 'string')));
    if (types.has('string')) return value;
    const isNumeric = /^-?[0-9]+(?:\.[0-9]+)?$/.test(value);
    if ((types.has('integer') || types.has('number')) && isNumeric) return Number(value);
    if (types.has('boolean') && (value === 'true' || value === 'false')) return value === 'true';
    if (types.has('array')) return value === '' ? [] : value.split(',').map((entry) => entry.trim());
    return value;
  }

  fillDefaults(value: Raw | undefined, node: SchemaNode = this.root): Raw | undefined {
    const given = value === undefined ? asRaw(node.default) : value;
    if (node.shorthand !== undefined && typeof given === 'string') return given;
    if (node.properties !== undefined && (given === undefined || isRawObject(given))) {
      const filled: Record<string, Raw> = {};
      for (const [key, member] of Object.entries(node.properties)) {
        const inner = this.fillDefaults(given?.[key], member);
        if (inner !== undefined && !(isRawObject(inner) && Object.keys(inner).length === 0))
          filled[key] = inner;
      }
      return filled;
    }
    if (!Array.isArray(given)) return given;
    const entry = [node, ...(node.anyOf ?? [])].find((option) => option.items !== undefined)?.items;
    if (entry === undefined) return given;
    return given.map((each: Raw) => this.fillDefaults(each, kindOf(entry, each)) ?? each);
  }

  #members(properties: Readonly<Record<string, SchemaNode>>, path: string): readonly Setting[] {
    return Object.entries(properties).flatMap(([key, member]) =>
      this.list(member, path === '' ? key : `${path}.${key}`),
    );
  }

  #setting(node: SchemaNode, path: string): Setting {
    const reachable = !path.includes('[]');
    return {
      path,
      default: node.default,
      description: node.description ?? '',
      env: reachable ? this.prefix + constantCase(path) : null,
      flag: reachable ? `--${path}` : null,
      node,
    };
  }
}

function defaultMember(node: SchemaNode, key: string): unknown {
  return isRawObject(node.default) ? node.default[key] : undefined;
}

/** `pace.deliveriesPerSecond` → `PACE_DELIVERIES_PER_SECOND` */
function constantCase(path: string): string {
  const words = path.replace(/([a-z0-9])([A-Z])/g, '$1_$2').replaceAll('.', '_');
  return words.toUpperCase();
}

/** The value of the member `kind` of a mapping, which says what kind of mapping it is. */
function nameOfKind(node: SchemaNode): string {
  return String(node.properties?.kind?.enum?.[0] ?? '');
}

/** Of a node with several kinds of mappings, the one that `value` is; else the node itself. */
function kindOf(node: SchemaNode, value: Raw): SchemaNode {
  if (node.anyOf === undefined || !isRawObject(value)) return node;
  return node.anyOf.find((kind) => kind.properties !== undefined && nameOfKind(kind) === value.kind) ?? node;
}

/** Own members only, because `__proto__` is a key like any other. */
function memberOf(node: SchemaNode, key: string): SchemaNode | undefined {
  if (node.properties !== undefined && Object.hasOwn(node.properties, key)) return node.properties[key];
  return typeof node.additionalProperties === 'object' ? node.additionalProperties : undefined;
}

function alternatives(node: SchemaNode): readonly SchemaNode[] {
  const inherited = node.secret === undefined ? {} : { secret: node.secret };
  const options = node.anyOf?.flatMap((option) => alternatives({ ...inherited, ...option }));
  return options ?? [node];
}

/** Whether a value is a mapping. */
export function isRawObject(value: unknown): value is RawObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function asRaw(value: unknown): Raw | undefined {
  return value === undefined ? undefined : rawSchema.parse(value);
}

const scalarSchema = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const rawSchema: z.ZodType<Raw> = z.lazy(() =>
  z.union([scalarSchema, z.array(rawSchema), z.record(z.string(), rawSchema)]),
);

/** @throws Error if the value holds anything that YAML cannot express */
export function parseRaw(value: unknown): Raw {
  return rawSchema.parse(value);
}
