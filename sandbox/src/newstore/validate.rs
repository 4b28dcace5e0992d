//! Checks a query against the schema before anything is answered.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use graphql_parser::query::{
    Field, FragmentDefinition, Query, Selection, SelectionSet, TypeCondition, Value as Literal,
    VariableDefinition,
};
use serde_json::{Map, Value};

use super::{
    schema::{self, Schema, Ty},
    value::{self, Default},
};

/// Fragments deeper than this are taken for a circle.
const MAX_DEPTH: usize = 32;

/// The named fragments of a document.
pub(super) type Fragments<'a> = HashMap<&'a str, &'a FragmentDefinition<'static, String>>;

/// What is wrong with a query; empty when nothing is.
pub(super) fn faults(
    schema: &Schema,
    query: &Query<'static, String>,
    fragments: &Fragments<'_>,
) -> Vec<String> {
    let declared = query.variable_definitions.iter().map(|it| (it.name.as_str(), it)).collect();
    let mut check = Check {
        schema,
        fragments,
        declared,
        used: BTreeSet::new(),
        spread: HashSet::new(),
        faults: Vec::new(),
    };
    check.no_directives(query.directives.len());
    check.set("Query", &query.selection_set, 0);
    for name in check.declared.keys().filter(|it| !check.used.contains(**it)) {
        check.faults.push(format!("Variable \"${name}\" is never used."));
    }
    for name in fragments.keys().filter(|it| !check.spread.contains(**it)) {
        check.faults.push(format!("Fragment \"{name}\" is never used."));
    }
    check.faults
}

/// The variables with their defaults, or why they do not fit.
pub(super) fn variables(
    schema: &Schema,
    query: &Query<'static, String>,
    given: &Map<String, Value>,
) -> Result<Map<String, Value>, String> {
    let mut variables = Map::new();
    for definition in &query.variable_definitions {
        let VariableDefinition { name, var_type, default_value, .. } = definition;
        let default = default_value.as_ref().and_then(|it| value::resolve(it, &Map::new()));
        let Some(value) = given.get(name).cloned().or(default) else {
            if matches!(var_type, Ty::NonNullType(_)) {
                return Err(format!(
                    "Variable \"${name}\" of required type \"{var_type}\" was not provided."
                ));
            }
            continue;
        };
        if let Some(fault) = value::misfit(schema, var_type, &value) {
            return Err(format!("Variable \"${name}\" got invalid value; {fault}"));
        }
        variables.insert(name.clone(), value);
    }
    Ok(variables)
}

struct Check<'a> {
    schema: &'a Schema,
    fragments: &'a Fragments<'a>,
    declared: BTreeMap<&'a str, &'a VariableDefinition<'static, String>>,
    used: BTreeSet<String>,
    spread: HashSet<String>,
    faults: Vec<String>,
}

impl Check<'_> {
    fn set(&mut self, parent: &str, set: &SelectionSet<'static, String>, depth: usize) {
        if depth > MAX_DEPTH {
            self.faults.push("The query is too deep.".to_owned());
            return;
        }
        let mut keys: HashMap<&str, &Field<'static, String>> = HashMap::new();
        for selection in &set.items {
            match selection {
                Selection::Field(field) => {
                    let key = field.alias.as_ref().unwrap_or(&field.name);
                    if let Some(before) = keys.insert(key, field)
                        && (before.name != field.name || before.arguments != field.arguments)
                    {
                        self.faults.push(format!("Fields \"{key}\" conflict."));
                    }
                    self.field(parent, field, depth);
                }
                Selection::InlineFragment(it) => {
                    self.no_directives(it.directives.len());
                    let condition = it.type_condition.as_ref();
                    self.condition(parent, condition);
                    self.set(parent, &it.selection_set, depth + 1);
                }
                Selection::FragmentSpread(it) => {
                    self.no_directives(it.directives.len());
                    let Some(fragment) = self.fragments.get(it.fragment_name.as_str()) else {
                        let fault = format!("Unknown fragment \"{}\".", it.fragment_name);
                        self.faults.push(fault);
                        continue;
                    };
                    self.spread.insert(it.fragment_name.clone());
                    self.condition(parent, Some(&fragment.type_condition));
                    self.set(parent, &fragment.selection_set, depth + 1);
                }
            }
        }
    }

    fn field(&mut self, parent: &str, field: &Field<'static, String>, depth: usize) {
        self.no_directives(field.directives.len());
        if field.name == "__typename" {
            return;
        }
        let schema = self.schema;
        let Some(known) = schema.field(parent, &field.name) else {
            let fault = format!("Cannot query field \"{}\" on type \"{parent}\".", field.name);
            self.faults.push(fault);
            return;
        };
        for (name, literal) in &field.arguments {
            if let Some(ty) = known.arguments.get(name) {
                self.argument(ty, literal);
            } else {
                let on = format!("{parent}.{}", field.name);
                self.faults.push(format!("Unknown argument \"{name}\" on field \"{on}\"."));
            }
        }
        let given = |name: &str| field.arguments.iter().any(|it| it.0 == name);
        let required = |ty: &Ty| matches!(ty, Ty::NonNullType(_));
        for (name, ty) in known.arguments.iter().filter(|it| required(it.1) && !given(it.0)) {
            self.faults.push(format!(
                "Field \"{}\" argument \"{name}\" of type \"{ty}\" is required.",
                field.name
            ));
        }
        let inner = schema::name(&known.ty);
        match (schema.object(inner), field.selection_set.items.is_empty()) {
            (Some(_), true) => self.faults.push(format!(
                "Field \"{}\" of type \"{}\" must have a selection of subfields.",
                field.name, known.ty
            )),
            (None, false) => self.faults.push(format!(
                "Field \"{}\" must not have a selection since type \"{}\" has no subfields.",
                field.name, known.ty
            )),
            (Some(_), false) => self.set(inner, &field.selection_set, depth + 1),
            (None, true) => {}
        }
    }

    fn argument(&mut self, ty: &Ty, literal: &Literal<'static, String>) {
        let inner = match ty {
            Ty::NonNullType(inner) => inner,
            other => other,
        };
        match (literal, inner) {
            (Literal::Variable(name), _) => self.variable(ty, name),
            (Literal::List(items), Ty::ListType(inner)) => {
                for item in items {
                    self.argument(inner, item);
                }
            }
            (Literal::Object(given), Ty::NamedType(name)) => {
                for (key, literal) in given {
                    match self.schema.input(name).and_then(|it| it.get(key)) {
                        Some(ty) => self.argument(ty, literal),
                        None => self
                            .faults
                            .push(format!("Field \"{key}\" is not defined by type \"{name}\".")),
                    }
                }
            }
            _ => {
                let quoted = matches!(literal, Literal::String(_));
                let enumerated = self.schema.enumeration(schema::name(ty)).is_some();
                let value = value::resolve(literal, &Map::new()).unwrap_or_default();
                let misfit = value::misfit(self.schema, ty, &value);
                let words = matches!(literal, Literal::Enum(_));
                if misfit.is_some() || (quoted && enumerated) || (words && !enumerated) {
                    self.faults.push(format!("Expected value of type \"{ty}\", found {literal}."));
                }
            }
        }
    }

    fn variable(&mut self, place: &Ty, name: &str) {
        self.used.insert(name.to_owned());
        let Some(definition) = self.declared.get(name) else {
            self.faults.push(format!("Variable \"${name}\" is not defined."));
            return;
        };
        let default = match &definition.default_value {
            None | Some(Literal::Null) => Default::Absent,
            Some(_) => Default::Present,
        };
        if !value::compatible(&definition.var_type, default, place) {
            self.faults.push(format!(
                "Variable \"${name}\" of type \"{}\" used in position expecting type \"{place}\".",
                definition.var_type
            ));
        }
    }

    fn condition(&mut self, parent: &str, condition: Option<&TypeCondition<'static, String>>) {
        if let Some(TypeCondition::On(name)) = condition
            && name != parent
        {
            let fault = format!(
                "Fragment cannot be spread here as objects of type \"{parent}\" can never be of \
                 type \"{name}\"."
            );
            self.faults.push(fault);
        }
    }

    fn no_directives(&mut self, count: usize) {
        if count != 0 {
            self.faults.push("Unknown directive.".to_owned());
        }
    }
}
