//! The check of a call: the function, how it is called, with how many and what kinds of arguments.
//!
//! Promises that patterns and date formats that are written out are good. Leaves operators to
//! [`super::operator`].

use std::ops::RangeInclusive;

use cel::IdedExpr;
use cel::common::ast::{CallExpr, Expr, LiteralValue};

use super::check::Check;
use super::documentation::{self, FunctionDoc};
use super::function::{Absence, Form, SIGNATURES, Signature};
use super::kind::{Estimate, Kind};
use super::name::root;
use super::{date, pattern, shorthand, tree};
use crate::core::text::nearest;

impl<'t> Check<'t> {
    /// Checks a call; operators are calls too.
    pub(super) fn call(&mut self, node: &'t IdedExpr, call: &'t CallExpr) -> Estimate {
        match (&call.target, call.func_name.as_str()) {
            (None, shorthand::EMPTY) => {
                self.visit_all(&call.args);
                Estimate::new(Kind::Bool, 0)
            }
            (None, shorthand::HELD) => {
                let (kinds, pieces) = self.visit_all(&call.args);
                Estimate::new(kinds.first().map_or(Kind::Any, |kind| kind.held()), pieces)
            }
            (None, name) if is_operator(name) => self.operator(node, call),
            (Some(target), name) if tree::identifier(target) == Some("optional") => {
                self.function(node, &format!("optional.{name}"), call)
            }
            (None, name) => self.function(node, name, call),
            (Some(target), name) => self.method(node, name, target, call),
        }
    }

    /// Checks arguments: their kinds, and how many texts they string together.
    fn visit_all(&mut self, arguments: &'t [IdedExpr]) -> (Vec<Kind>, u32) {
        let mut kinds = Vec::with_capacity(arguments.len());
        let mut pieces = 0_u32;
        for argument in arguments {
            let estimate = self.visit(argument);
            kinds.push(estimate.kind);
            pieces = pieces.saturating_add(estimate.pieces);
        }
        (kinds, pieces)
    }

    fn function(&mut self, node: &'t IdedExpr, name: &str, call: &'t CallExpr) -> Estimate {
        let Some(signature) = self.signature(node, name, false, call) else {
            self.visit_all(&call.args);
            return Estimate::new(Kind::Any, 1);
        };
        let (kinds, pieces) = self.visit_all(&call.args);
        let looks_inside = matches!(name, "formatDate" | "optional.of");
        let inside = usize::from(looks_inside);
        if let Some(place) = kinds
            .iter()
            .skip(inside)
            .position(|kind| kind.is_optional())
        {
            self.may_be_absent(&call.args[place + inside], "\"\"");
        }
        self.arguments(signature, &call.args, &kinds);
        let optional = looks_inside && kinds.first().is_some_and(|kind| kind.is_optional());
        let gives = if optional {
            signature.gives.optional()
        } else {
            signature.gives
        };
        Estimate::new(gives, pieces.max(1))
    }

    fn method(
        &mut self,
        node: &'t IdedExpr,
        name: &str,
        target: &'t IdedExpr,
        call: &'t CallExpr,
    ) -> Estimate {
        let Some(signature) = self.signature(node, name, true, call) else {
            // The receiver of a wrong `user.inGroup()` is not worth a second problem.
            if root(target).is_none() {
                self.visit(target);
            }
            self.visit_all(&call.args);
            return Estimate::new(Kind::Any, 1);
        };
        let receiver = self.visit(target);
        self.receiver(node, signature, target, receiver.kind);
        let (kinds, pieces) = self.visit_all(&call.args);
        self.arguments(signature, &call.args, &kinds);
        let gives = gives(signature, receiver.kind, &kinds);
        Estimate::new(gives, receiver.pieces.saturating_add(pieces).max(1))
    }

    /// The signature that fits a call, or a problem.
    fn signature(
        &mut self,
        node: &IdedExpr,
        name: &str,
        as_method: bool,
        call: &CallExpr,
    ) -> Option<&'static Signature> {
        let span = self.written.name(node);
        let Some(documentation) = documentation::of(name) else {
            let names = documentation::FUNCTIONS
                .iter()
                .map(|function| function.name);
            let hint = nearest(name, names).map(|meant| format!("did you mean `{meant}`?"));
            self.refuse(span, format!("there is no function `{name}`"), hint);
            return None;
        };
        let usage = Some(format!("write it as `{}`", documentation.usage));
        let named = SIGNATURES.iter().filter(|signature| signature.name == name);
        let formed = named.clone().find(|signature| match signature.form {
            Form::Plain => !as_method,
            Form::Method(_) => as_method,
            Form::Rewritten => has_form(documentation, as_method),
        });
        let Some(signature) = formed else {
            self.refuse(span, wrong_form(name, as_method), usage);
            return None;
        };
        let given = call.args.len();
        let message = match (takes(signature).contains(&given), signature.form) {
            (true, Form::Plain | Form::Method(_)) => return Some(signature),
            (true, Form::Rewritten) => wrong_form(name, as_method),
            (false, _) => wrong_count(signature, given),
        };
        self.refuse(span, message, usage);
        None
    }

    fn receiver(&mut self, node: &IdedExpr, signature: &Signature, target: &IdedExpr, kind: Kind) {
        let Form::Method(wanted) = signature.form else {
            return;
        };
        let looked_into = match signature.absence {
            Absence::Stays | Absence::IsFalse => kind.held(),
            Absence::IsRefused if kind.is_optional() => {
                return self.may_be_absent(
                    target,
                    if kind == Kind::MaybeTexts {
                        "[]"
                    } else {
                        "\"\""
                    },
                );
            }
            Absence::IsAsked | Absence::IsRefused => kind,
        };
        if wanted.iter().any(|wanted| looked_into.may_be(*wanted)) {
            return;
        }
        let kinds: Vec<&str> = wanted.iter().map(|kind| kind.named()).collect();
        let message = format!(
            "`{}` works on {}, not on {}",
            signature.name,
            kinds.join(" or "),
            kind.named()
        );
        let hint = match signature.absence {
            Absence::IsAsked => Some("a `?` makes it one: `user.?mail`".to_owned()),
            Absence::Stays | Absence::IsFalse | Absence::IsRefused => None,
        };
        self.refuse(self.written.name(node), message, hint);
    }

    fn arguments(&mut self, signature: &Signature, arguments: &'t [IdedExpr], kinds: &[Kind]) {
        let first = usize::from(signature.form == Form::Plain && signature.name == "formatDate");
        for (place, (kind, wanted)) in kinds.iter().zip(signature.takes).enumerate().skip(first) {
            if !kind.may_be(*wanted) {
                let (wanted, got) = (wanted.named(), kind.named());
                let message = format!("`{}` needs {wanted} here, not {got}", signature.name);
                self.refuse(self.written.extent(&arguments[place]), message, None);
            }
        }
        match signature.name {
            "matches" | "replaceMatches" | "extract" => self.pattern(arguments),
            "formatDate" => self.date_format(arguments.get(first)),
            _ => {}
        }
    }

    /// Compiles a pattern that is written out.
    fn pattern(&mut self, arguments: &'t [IdedExpr]) {
        let Some((place, text)) = arguments
            .first()
            .and_then(|place| Some((place, tree::literal_text(place)?)))
        else {
            return;
        };
        match (
            pattern::compiled(text),
            arguments.get(1).and_then(literal_count),
        ) {
            (Err(cause), _) => {
                let span = self.written.token(place);
                self.refuse(span, format!("the pattern is bad: {cause}"), None);
            }
            (Ok(compiled), Some(group)) if group >= compiled.captures_len() => {
                let message = pattern::missing_group(group, &compiled);
                self.refuse(
                    self.written.extent(&arguments[1]),
                    format!("`extract` {message}"),
                    None,
                );
            }
            (Ok(_), _) => {}
        }
    }

    fn date_format(&mut self, format: Option<&'t IdedExpr>) {
        let Some((place, text)) =
            format.and_then(|place| Some((place, tree::literal_text(place)?)))
        else {
            return;
        };
        if let Err(cause) = date::refuse_format(text) {
            let hint = Some("the codes are those of strftime, as `%Y-%m-%d`".to_owned());
            let message = format!("the date format is bad: {cause}");
            self.refuse(self.written.token(place), message, hint);
        }
    }

    /// Notes that a part may be absent where a value is needed, such as `instead`.
    pub(super) fn may_be_absent(&mut self, part: &IdedExpr, instead: &str) {
        let hint = format!("say what it is then: `.orValue({instead})`");
        self.refuse(
            self.written.extent(part),
            "this may be absent".to_owned(),
            Some(hint),
        );
    }
}

/// The parser calls operators by names that cannot be written.
fn is_operator(name: &str) -> bool {
    name.contains(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '.')
}

/// What a method gives, by what it is called on and with.
fn gives(signature: &Signature, receiver: Kind, arguments: &[Kind]) -> Kind {
    let argument = arguments.first().copied().unwrap_or(Kind::Any);
    match signature.name {
        "orValue" => receiver.held().or(argument),
        "or" => receiver.or(argument),
        "value" => receiver.held(),
        "first" if receiver.is_optional() => receiver.held().element().optional(),
        "first" => receiver.element(),
        _ if receiver.is_optional() && signature.absence == Absence::Stays => {
            signature.gives.optional()
        }
        _ => signature.gives,
    }
}

/// May a rewriting be written in this form? Its usage shows how.
fn has_form(documentation: &FunctionDoc, as_method: bool) -> bool {
    let plain = documentation.usage.starts_with(documentation.name);
    plain != as_method || documentation.name == "inGroup"
}

fn wrong_form(name: &str, as_method: bool) -> String {
    if as_method {
        format!("`{name}` is not called on a value")
    } else {
        format!("`{name}` is called on a value")
    }
}

/// How many arguments a function takes in its brackets.
fn takes(signature: &Signature) -> RangeInclusive<usize> {
    let most = if signature.repeats {
        usize::MAX
    } else {
        signature.takes.len()
    };
    signature.needs..=most
}

fn wrong_count(signature: &Signature, given: usize) -> String {
    let takes = takes(signature);
    let (needs, most, name) = (*takes.start(), *takes.end(), signature.name);
    if signature.repeats {
        return format!(
            "`{name}` takes at least {needs} argument{}, not {given}",
            plural(needs)
        );
    }
    if needs == most {
        return format!(
            "`{name}` takes {needs} argument{}, not {given}",
            plural(needs)
        );
    }
    format!("`{name}` takes {needs} or {most} arguments, not {given}")
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// The number of a literal whole number.
fn literal_count(node: &IdedExpr) -> Option<usize> {
    match &node.expr {
        Expr::Literal(LiteralValue::Int(number)) => usize::try_from(*number.inner()).ok(),
        _ => None,
    }
}
