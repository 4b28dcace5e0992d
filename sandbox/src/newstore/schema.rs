//! The schema of the tenant's API, read from `schema.graphql`.

use std::sync::LazyLock;

use apollo_compiler::{
    Schema,
    response::JsonValue,
    schema::{FieldDefinition, Type},
    validation::Valid,
};

/// Scalars of the schema that a client sends as texts only.
const TEXTS: [&str; 2] = ["Cursor", "Datetime"];

/// The schema. It is the same for every tenant.
pub(super) static SCHEMA: LazyLock<Valid<Schema>> = LazyLock::new(|| {
    let text = include_str!("../../schema.graphql");
    Schema::parse_and_validate(text, "schema.graphql").expect("our own schema is valid")
});

/// Whether no known query selects the field: a tenant may answer null.
pub(super) fn is_inferred(field: &FieldDefinition) -> bool {
    field.directives.has("inferred")
}

/// The first value in an argument that its scalar does not allow. GraphQL leaves it to the server
/// which values a scalar of its own has.
pub(super) fn wrong_scalar<'a>(ty: &Type, value: &'a JsonValue) -> Option<(String, &'a JsonValue)> {
    let name = ty.inner_named_type();
    match value {
        JsonValue::Null => None,
        JsonValue::Array(items) => items.iter().find_map(|item| wrong_scalar(ty, item)),
        JsonValue::Object(members) if let Some(input) = SCHEMA.get_input_object(name) => {
            let mut members = members.iter();
            members
                .find_map(|(key, value)| wrong_scalar(&input.fields.get(key.as_str())?.ty, value))
        }
        value if TEXTS.contains(&name.as_str()) && !value.is_string() => {
            Some((name.to_string(), value))
        }
        _ => None,
    }
}
