//! The custom fields of a stored memo and of its lines.

use domain::{CustomField, FieldType};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FieldDto {
    script_id: String,
    kind: FieldTypeDto,
    value: String,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum FieldTypeDto {
    String,
    Select,
    MultiSelect,
    Boolean,
    Long,
    Double,
    Date,
}

impl From<&CustomField> for FieldDto {
    fn from(field: &CustomField) -> Self {
        let (script_id, value) = (field.script_id.clone(), field.value.clone());
        Self { script_id, kind: field.kind.into(), value }
    }
}

impl From<FieldDto> for CustomField {
    fn from(dto: FieldDto) -> Self {
        Self { script_id: dto.script_id, kind: dto.kind.into(), value: dto.value }
    }
}

impl From<FieldType> for FieldTypeDto {
    fn from(kind: FieldType) -> Self {
        match kind {
            FieldType::String => Self::String,
            FieldType::Select => Self::Select,
            FieldType::MultiSelect => Self::MultiSelect,
            FieldType::Boolean => Self::Boolean,
            FieldType::Long => Self::Long,
            FieldType::Double => Self::Double,
            FieldType::Date => Self::Date,
        }
    }
}

impl From<FieldTypeDto> for FieldType {
    fn from(dto: FieldTypeDto) -> Self {
        match dto {
            FieldTypeDto::String => Self::String,
            FieldTypeDto::Select => Self::Select,
            FieldTypeDto::MultiSelect => Self::MultiSelect,
            FieldTypeDto::Boolean => Self::Boolean,
            FieldTypeDto::Long => Self::Long,
            FieldTypeDto::Double => Self::Double,
            FieldTypeDto::Date => Self::Date,
        }
    }
}
