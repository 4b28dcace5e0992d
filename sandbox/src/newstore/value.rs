//! Values of arguments: literals, variables, and whether they fit a type.

use graphql_parser::query::{Type, Value as Literal};
use serde_json::{Map, Value};

use super::schema::{Schema, Ty};

/// A literal with its variables filled in; a variable that was not given is left out.
pub(super) fn resolve(
    literal: &Literal<'_, String>,
    variables: &Map<String, Value>,
) -> Option<Value> {
    Some(match literal {
        Literal::Variable(name) => variables.get(name)?.clone(),
        Literal::Int(number) => number.as_i64().into(),
        Literal::Float(number) => (*number).into(),
        Literal::String(text) | Literal::Enum(text) => text.clone().into(),
        Literal::Boolean(flag) => (*flag).into(),
        Literal::Null => Value::Null,
        Literal::List(items) => items.iter().filter_map(|item| resolve(item, variables)).collect(),
        Literal::Object(fields) => {
            let fields = fields.iter();
            let given = fields.filter_map(|(key, it)| Some((key.clone(), resolve(it, variables)?)));
            Value::Object(given.collect())
        }
    })
}

/// Why a JSON value does not fit a type.
pub(super) fn misfit(schema: &Schema, ty: &Ty, value: &Value) -> Option<String> {
    let wrong = || Some(format!("{ty} cannot represent {value}"));
    match (ty, value) {
        (Type::NonNullType(_), Value::Null) => wrong(),
        (Type::NonNullType(inner), _) => misfit(schema, inner, value),
        (_, Value::Null) => None,
        (Type::ListType(inner), Value::Array(items)) => {
            items.iter().find_map(|item| misfit(schema, inner, item))
        }
        // A single value stands for a list of one.
        (Type::ListType(inner), _) => misfit(schema, inner, value),
        (Type::NamedType(name), _) => {
            if let Some(fields) = schema.input(name) {
                return object_misfit(schema, fields, name, value);
            }
            let fits = match name.as_str() {
                "Int" => value.as_i64().is_some_and(|it| i32::try_from(it).is_ok()),
                "Boolean" => value.is_boolean(),
                "BigFloat" => value.is_string() || value.is_number(),
                name => match schema.enumeration(name) {
                    Some(values) => value.as_str().is_some_and(|it| values.iter().any(|v| v == it)),
                    None => value.is_string(),
                },
            };
            if fits { None } else { wrong() }
        }
    }
}

fn object_misfit(
    schema: &Schema,
    fields: &std::collections::BTreeMap<String, Ty>,
    name: &str,
    value: &Value,
) -> Option<String> {
    let Some(object) = value.as_object() else {
        return Some(format!("{name} cannot represent {value}"));
    };
    object.iter().find_map(|(key, value)| match fields.get(key) {
        Some(ty) => misfit(schema, ty, value),
        None => Some(format!("Field \"{key}\" is not defined by type \"{name}\".")),
    })
}

/// Whether a variable of this type may stand where `place` is expected.
pub(super) fn compatible(variable: &Ty, has_default: Default, place: &Ty) -> bool {
    match (variable, place) {
        (Type::NonNullType(variable), Type::NonNullType(place))
        | (Type::ListType(variable), Type::ListType(place)) => {
            compatible(variable, Default::Absent, place)
        }
        (Type::NonNullType(variable), place) => compatible(variable, Default::Absent, place),
        (variable, Type::NonNullType(place)) => {
            has_default == Default::Present && compatible(variable, Default::Absent, place)
        }
        (Type::NamedType(variable), Type::NamedType(place)) => variable == place,
        (Type::NamedType(_), Type::ListType(_)) | (Type::ListType(_), Type::NamedType(_)) => false,
    }
}

/// Whether a variable has a default that is not null.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Default {
    /// It has.
    Present,
    /// It has not.
    Absent,
}
