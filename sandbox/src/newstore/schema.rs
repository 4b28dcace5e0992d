//! The schema that queries are checked against, read from `schema.graphql`.

use std::collections::{BTreeMap, HashMap};

use graphql_parser::schema::{Definition, Document, Type, TypeDefinition, parse_schema};

pub(super) type Ty = Type<'static, String>;

/// The types of the tenant's API.
pub(super) struct Schema {
    objects: HashMap<String, HashMap<String, Field>>,
    inputs: HashMap<String, BTreeMap<String, Ty>>,
    enums: HashMap<String, Vec<String>>,
}

/// A field of an object type.
pub(super) struct Field {
    pub(super) ty: Ty,
    pub(super) arguments: BTreeMap<String, Ty>,
    /// Whether any known query selects it.
    pub(super) evidence: Evidence,
}

/// Whether a field is known to be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Evidence {
    /// Queries in use select it.
    Proven,
    /// It is plausible, no more.
    Inferred,
}

impl Schema {
    pub(super) fn embedded() -> Self {
        let text = include_str!("../../schema.graphql");
        let document: Document<'_, String> = parse_schema(text).expect("our own schema is valid");
        let mut schema =
            Self { objects: HashMap::new(), inputs: HashMap::new(), enums: HashMap::new() };
        for definition in document.into_static().definitions {
            if let Definition::TypeDefinition(it) = definition {
                schema.insert(it);
            }
        }
        schema
    }

    pub(super) fn object(&self, name: &str) -> Option<&HashMap<String, Field>> {
        self.objects.get(name)
    }

    pub(super) fn field(&self, object: &str, name: &str) -> Option<&Field> {
        self.objects.get(object)?.get(name)
    }

    pub(super) fn input(&self, name: &str) -> Option<&BTreeMap<String, Ty>> {
        self.inputs.get(name)
    }

    pub(super) fn enumeration(&self, name: &str) -> Option<&[String]> {
        self.enums.get(name).map(Vec::as_slice)
    }

    fn insert(&mut self, definition: TypeDefinition<'static, String>) {
        match definition {
            TypeDefinition::Object(it) => {
                let fields = it.fields.into_iter().map(|field| {
                    let inferred = field.directives.iter().any(|it| it.name == "inferred");
                    let arguments = field.arguments.into_iter().map(|it| (it.name, it.value_type));
                    let known = Field {
                        ty: field.field_type,
                        arguments: arguments.collect(),
                        evidence: if inferred { Evidence::Inferred } else { Evidence::Proven },
                    };
                    (field.name, known)
                });
                self.objects.insert(it.name, fields.collect());
            }
            TypeDefinition::InputObject(it) => {
                let fields = it.fields.into_iter().map(|field| (field.name, field.value_type));
                self.inputs.insert(it.name, fields.collect());
            }
            TypeDefinition::Enum(it) => {
                let values = it.values.into_iter().map(|value| value.name);
                self.enums.insert(it.name, values.collect());
            }
            TypeDefinition::Scalar(_) | TypeDefinition::Interface(_) | TypeDefinition::Union(_) => {
            }
        }
    }
}

/// The name inside lists and non-nulls.
pub(super) fn name(ty: &Ty) -> &str {
    match ty {
        Type::NamedType(name) => name,
        Type::ListType(inner) | Type::NonNullType(inner) => name(inner),
    }
}
