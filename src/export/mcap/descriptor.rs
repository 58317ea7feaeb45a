//! Describes messages as readers need it: a FileDescriptorSet for each channel's schema
//! (mcap.dev, "Well-known schema encodings", and google/protobuf/descriptor.proto).

use super::proto::Encoder;

/// A message type, alone in a file as Foxglove has it.
#[derive(Debug)]
pub(super) struct MessageType {
    pub(super) file: &'static str,
    pub(super) package: &'static str,
    pub(super) name: &'static str,
    pub(super) fields: &'static [Field],
    /// The values of the enum that one of its fields may have.
    pub(super) values: Option<EnumType>,
}

/// An enum inside a message: its name and its values in order from 0.
pub(super) type EnumType = (&'static str, &'static [&'static str]);

/// A field: its name, number and type.
pub(super) type Field = (&'static str, u32, Type);

/// A field's type.
#[derive(Clone, Copy, Debug)]
pub(super) enum Type {
    Double,
    Int64,
    Int32,
    Fixed32,
    Bool,
    String,
    /// The enum of the same message.
    Enum,
    Message(&'static MessageType),
    Repeated(&'static MessageType),
    /// A double, an int64 or a string that may be missing.
    OptionalDouble,
    OptionalInt64,
    OptionalString,
}

impl Type {
    /// FieldDescriptorProto.Type.
    fn number(self) -> i64 {
        match self {
            Self::Double | Self::OptionalDouble => 1,
            Self::Int64 | Self::OptionalInt64 => 3,
            Self::Int32 => 5,
            Self::Fixed32 => 7,
            Self::Bool => 8,
            Self::String | Self::OptionalString => 9,
            Self::Message(_) | Self::Repeated(_) => 11,
            Self::Enum => 14,
        }
    }

    fn is_optional(self) -> bool {
        matches!(self, Self::OptionalDouble | Self::OptionalInt64 | Self::OptionalString)
    }

    fn message(self) -> Option<&'static MessageType> {
        match self {
            Self::Message(message) | Self::Repeated(message) => Some(message),
            _ => None,
        }
    }
}

impl MessageType {
    /// As `foxglove.Log`: the name of its schema.
    pub(super) fn full_name(&self) -> String {
        format!("{}.{}", self.package, self.name)
    }

    /// The FileDescriptorSet of this type and all that it uses.
    pub(super) fn descriptor_set(&'static self) -> Vec<u8> {
        let mut files = Vec::new();
        self.collect(&mut files);
        let mut bytes = Vec::new();
        for file in files {
            Encoder(&mut bytes).message(1, |out| file.describe_file(out));
        }
        bytes
    }

    /// What a message uses comes before it.
    fn collect(&'static self, files: &mut Vec<&'static Self>) {
        for used in self.uses() {
            used.collect(files);
        }
        if !files.iter().any(|known| known.file == self.file) {
            files.push(self);
        }
    }

    fn uses(&self) -> Vec<&'static Self> {
        let mut uses: Vec<&Self> = Vec::new();
        for used in self.fields.iter().filter_map(|(_, _, type_)| type_.message()) {
            if !uses.iter().any(|known| known.file == used.file) {
                uses.push(used);
            }
        }
        uses
    }

    /// A FileDescriptorProto.
    fn describe_file(&self, out: &mut Encoder<'_>) {
        out.string(1, self.file);
        out.string(2, self.package);
        for used in self.uses() {
            out.string(3, used.file);
        }
        out.message(4, |out| self.describe(out));
        out.string(12, "proto3");
    }

    /// A DescriptorProto.
    fn describe(&self, out: &mut Encoder<'_>) {
        out.string(1, self.name);
        let mut optional = 0;
        for (name, number, type_) in self.fields {
            out.message(2, |out| {
                out.string(1, name);
                out.int(3, i64::from(*number));
                out.int(4, if matches!(type_, Type::Repeated(_)) { 3 } else { 1 });
                out.int(5, type_.number());
                if let Some(message) = type_.message() {
                    out.string(6, &format!(".{}", message.full_name()));
                } else if let (Type::Enum, Some((name, _))) = (type_, self.values) {
                    out.string(6, &format!(".{}.{name}", self.full_name()));
                }
                if type_.is_optional() {
                    // A proto3 field that may be missing is alone in a oneof.
                    out.int(9, optional);
                    out.int(17, 1);
                    optional += 1;
                }
            });
        }
        if let Some((name, values)) = self.values {
            out.message(4, |out| {
                out.string(1, name);
                for (number, value) in (0..).zip(values) {
                    out.message(2, |out| {
                        out.string(1, value);
                        out.int(2, number);
                    });
                }
            });
        }
        for (name, ..) in self.fields.iter().filter(|(_, _, type_)| type_.is_optional()) {
            out.message(8, |out| out.string(1, &format!("_{name}")));
        }
    }
}
