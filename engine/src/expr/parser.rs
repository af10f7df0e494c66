//! Tokens to a tree, by CEL's grammar and precedence. The tree is untyped; [`super::check`] gives it types.

use super::check::ExprProblem;
use super::lexer::{Kind, Token, tokens, too_large};

/// The deepest nesting of a source, so that no input can exhaust the parser's stack. CEL asks for 12 at least.
const MAX_DEPTH: usize = 40;

/// A node and where it begins.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node {
    pub(super) tree: Tree,
    pub(super) at: usize,
}

/// The shape of an expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Tree {
    Bool(bool),
    Int(i64),
    Double(f64),
    Str(String),
    /// `a.b.c`
    Path(Vec<String>),
    /// `name(arguments)`
    Call(String, Vec<Node>),
    /// `receiver.name(arguments)`
    Method(Box<Node>, String, Vec<Node>),
    /// `! -`
    Unary(&'static str, Box<Node>),
    /// Two-sided operators of one binding strength, `in` among them, from left to right: `a - b + c`. Side by side and not in
    /// each other, so that no length of source exhausts the stack.
    Chain(Box<Node>, Vec<(&'static str, Node)>),
    /// `c ? a : b`
    Select(Box<[Node; 3]>),
    /// `[a, b]`
    List(Vec<Node>),
}

/// Words that CEL keeps for itself; they name nothing, but may stand after a `.`.
const RESERVED: [&str; 17] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "namespace",
    "package",
    "return",
    "var",
    "void",
    "while",
];

/// Words that name nothing, not even after a `.`.
const KEYWORDS: [&str; 4] = ["in", "true", "false", "null"];

/// Binding strength, loosest first (`?:` binds loosest of all).
const LEVELS: [&[&str]; 5] = [&["||"], &["&&"], &["==", "!=", "<=", ">=", "<", ">", "in"], &["+", "-"], &["*", "/", "%"]];

/// Parses one whole expression.
pub(super) fn parse(source: &str) -> Result<Node, ExprProblem> {
    let mut parser = Parser { tokens: tokens(source)?, next: 0, depth: 0 };
    let node = parser.ternary()?;
    match parser.peek() {
        Token { kind: Kind::End, .. } => Ok(node),
        token => Err(unexpected(token, "the end, or an operator")),
    }
}

struct Parser {
    tokens: Vec<Token>,
    next: usize,
    depth: usize,
}

impl Parser {
    fn peek(&self) -> &Token {
        const END: &Token = &Token { kind: Kind::End, at: 0 };
        self.tokens.get(self.next).or(self.tokens.last()).unwrap_or(END)
    }

    fn take(&mut self) -> Token {
        let token = self.peek().clone();
        self.next += 1;
        token
    }

    fn accept(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek().kind, Kind::Sign(s) if s == sign);
        self.next += usize::from(found);
        found
    }

    fn expect(&mut self, sign: &str) -> Result<(), ExprProblem> {
        if self.accept(sign) { Ok(()) } else { Err(unexpected(self.peek(), &format!("`{sign}`"))) }
    }

    /// One level deeper, as long as the stack allows it.
    fn descend(&mut self, at: usize) -> Result<(), ExprProblem> {
        self.depth += 1;
        if self.depth <= MAX_DEPTH {
            Ok(())
        } else {
            Err(ExprProblem::new(at, "too_deep", format!("nested deeper than {MAX_DEPTH} levels")))
        }
    }

    fn ternary(&mut self) -> Result<Node, ExprProblem> {
        self.descend(self.peek().at)?;
        let condition = self.operation()?;
        let node = if self.accept("?") {
            let then = self.ternary()?;
            self.expect(":")?;
            let otherwise = self.ternary()?;
            Node { at: condition.at, tree: Tree::Select(Box::new([condition, then, otherwise])) }
        } else {
            condition
        };
        self.depth -= 1;
        Ok(node)
    }

    /// Operands and two-sided operators, grouped by binding strength; without a call for each strength, which would cost stack.
    fn operation(&mut self) -> Result<Node, ExprProblem> {
        let mut operands = vec![self.unary()?];
        let mut operators: Vec<(usize, &'static str)> = Vec::new();
        while let Some((level, operator)) = self.operator() {
            self.next += 1;
            group(&mut operands, &mut operators, level + 1);
            operators.push((level, operator));
            operands.push(self.unary()?);
        }
        group(&mut operands, &mut operators, 0);
        operands.pop().ok_or_else(|| unexpected(self.peek(), "a value"))
    }

    /// The operator that comes next, and its level.
    fn operator(&self) -> Option<(usize, &'static str)> {
        let word = match &self.peek().kind {
            Kind::Sign(sign) => sign,
            Kind::Ident(word) => word.as_str(),
            _ => return None,
        };
        let mut all = LEVELS.iter().enumerate().flat_map(|(level, operators)| operators.iter().map(move |operator| (level, *operator)));
        all.find(|(_, operator)| *operator == word)
    }

    fn unary(&mut self) -> Result<Node, ExprProblem> {
        let at = self.peek().at;
        for operator in ["!", "-"] {
            if self.accept(operator) {
                if operator == "-" && matches!(self.peek().kind, Kind::Int(_) | Kind::Double(_)) {
                    return self.member(true, at);
                }
                self.descend(at)?;
                let operand = self.unary()?;
                self.depth -= 1;
                return Ok(Node { tree: Tree::Unary(operator, Box::new(operand)), at });
            }
        }
        self.member(false, at)
    }

    /// A value and what is selected from it: `.name`, `.name(arguments)`. A minus right before a number belongs to the
    /// number, as in CEL's grammar: without its sign the smallest int would be no int.
    fn member(&mut self, is_negative: bool, at: usize) -> Result<Node, ExprProblem> {
        let mut node = Node { tree: self.primary(is_negative)?, at };
        let depth = self.depth;
        loop {
            let next = self.peek().clone();
            match next.kind {
                Kind::Sign(".") => {
                    self.next += 1;
                    node = self.selection(node, next.at)?;
                }
                Kind::Sign("[") => return Err(outside(next.at, "indexing", "`x in list`, `list.exists(x, ..)` or `list.all(x, ..)`")),
                Kind::Sign("{") if matches!(node.tree, Tree::Path(_)) => {
                    return Err(outside(next.at, "messages", "a fact or a plain value"));
                }
                _ => break,
            }
        }
        self.depth = depth;
        Ok(node)
    }

    /// What follows the `.` at `at`.
    fn selection(&mut self, of: Node, at: usize) -> Result<Node, ExprProblem> {
        let token = self.take();
        let name = match token.kind {
            Kind::Sign("?") => return Err(outside(token.at, "optional values", "has(a.b) to ask whether there is a value")),
            Kind::Ident(name) if !KEYWORDS.contains(&name.as_str()) => name,
            _ => return Err(unexpected(&token, "a name after `.`")),
        };
        if self.accept("(") {
            self.descend(at)?;
            let arguments = self.arguments(")")?;
            return Ok(Node { at: of.at, tree: Tree::Method(Box::new(of), name, arguments) });
        }
        match of.tree {
            Tree::Path(mut path) => {
                path.push(name);
                Ok(Node { tree: Tree::Path(path), at: of.at })
            }
            _ => Err(outside(
                at,
                &format!("`.{name}` on anything but a name"),
                "a dotted name, as in `usage.seats.value`, or a function with `()`",
            )),
        }
    }

    fn primary(&mut self, is_negative: bool) -> Result<Tree, ExprProblem> {
        let token = self.take();
        Ok(match token.kind {
            Kind::Int(magnitude) => Tree::Int(signed(magnitude, is_negative).ok_or_else(|| {
                let mut problem = too_large(&magnitude.to_string());
                problem.at = token.at;
                problem
            })?),
            Kind::Double(d) => Tree::Double(if is_negative { -d } else { d }),
            Kind::Str(s) => Tree::Str(s),
            Kind::Ident(word) => self.word(word, token.at)?,
            Kind::Sign("(") => {
                let inner = self.ternary()?;
                self.expect(")")?;
                inner.tree
            }
            Kind::Sign("[") => Tree::List(self.arguments("]")?),
            Kind::Sign("{") => return Err(outside(token.at, "maps", "a list `[..]`, or the comparisons one by one")),
            Kind::Sign(".") => return Err(outside(token.at, "a name with a `.` before it", "the name alone")),
            _ => return Err(unexpected(&token, "a value")),
        })
    }

    fn word(&mut self, word: String, at: usize) -> Result<Tree, ExprProblem> {
        match word.as_str() {
            "true" => return Ok(Tree::Bool(true)),
            "false" => return Ok(Tree::Bool(false)),
            "null" => return Err(outside(at, "null", "has(a.b) to ask whether there is a value")),
            "in" => return Err(unexpected(&Token { kind: Kind::Ident(word), at }, "a value")),
            _ => {}
        }
        if word.eq_ignore_ascii_case("not") && self.is_operand_next() {
            return Err(ExprProblem::new(at, "syntax", format!("`{word}` is no operator; write `!`, as in `!(a && b)`")));
        }
        if RESERVED.contains(&word.as_str()) {
            return Err(ExprProblem::new(at, "syntax", format!("CEL reserves the word `{word}`; use another name")));
        }
        if self.accept("(") { Ok(Tree::Call(word, self.arguments(")")?)) } else { Ok(Tree::Path(vec![word])) }
    }

    /// Whether what comes next begins a value, so that what is before it is meant for an operator and not for a name.
    fn is_operand_next(&self) -> bool {
        match &self.peek().kind {
            Kind::Ident(word) => word != "in",
            Kind::Sign(sign) => ["(", "!"].contains(sign),
            Kind::Int(_) | Kind::Double(_) | Kind::Str(_) => true,
            Kind::End => false,
        }
    }

    fn arguments(&mut self, close: &str) -> Result<Vec<Node>, ExprProblem> {
        let mut arguments = Vec::new();
        if self.accept(close) {
            return Ok(arguments);
        }
        loop {
            if close == "]" && matches!(self.peek().kind, Kind::Sign("?")) {
                return Err(outside(self.peek().at, "optional values", "a list of plain values"));
            }
            arguments.push(self.ternary()?);
            if self.accept(close) {
                return Ok(arguments);
            }
            self.expect(",")?;
            // CEL lets a list, not a call, end in a comma.
            if close == "]" && self.accept(close) {
                return Ok(arguments);
            }
        }
    }
}

/// Makes one operand of what the last operators of level `loosest` or tighter stand between.
fn group(operands: &mut Vec<Node>, operators: &mut Vec<(usize, &'static str)>, loosest: usize) {
    while let Some((level, _)) = operators.last().copied().filter(|(level, _)| *level >= loosest) {
        let count = operators.iter().rev().take_while(|(other, _)| *other == level).count();
        let signs = operators.split_off(operators.len() - count);
        let others = operands.split_off(operands.len().saturating_sub(count));
        let Some(first) = operands.pop() else { return };
        let others = signs.into_iter().map(|(_, sign)| sign).zip(others).collect();
        operands.push(Node { at: first.at, tree: Tree::Chain(Box::new(first), others) });
    }
}

/// `magnitude` with its sign, when it fits into 64 bits.
fn signed(magnitude: u64, is_negative: bool) -> Option<i64> {
    if is_negative { 0_i64.checked_sub_unsigned(magnitude) } else { i64::try_from(magnitude).ok() }
}

/// The problem of a part of CEL that is not in the subset; `instead` is what to write in its place.
fn outside(at: usize, what: &str, instead: &str) -> ExprProblem {
    let are = if what.ends_with('s') { "are" } else { "is" };
    ExprProblem::new(at, "unsupported", format!("{what} {are} outside this subset of CEL; write {instead}"))
}

fn unexpected(token: &Token, expected: &str) -> ExprProblem {
    let found = match &token.kind {
        Kind::Int(i) => format!("`{i}`"),
        Kind::Double(_) => "a number".to_owned(),
        Kind::Str(_) => "a string".to_owned(),
        Kind::Ident(word) => format!("`{word}`"),
        Kind::Sign(sign) => format!("`{sign}`"),
        Kind::End => "the end".to_owned(),
    };
    let hint = if let Kind::Ident(word) = &token.kind { instead_of(word) } else { "" };
    ExprProblem::new(token.at, "syntax", format!("found {found} where {expected} should be{hint}"))
}

/// What to write in place of a word that is an operator in other languages.
fn instead_of(word: &str) -> &'static str {
    let words = [("and", "; write `&&`"), ("or", "; write `||`"), ("not", "; write `!`, as in `!(x in list)`")];
    words.iter().find(|(name, _)| word.eq_ignore_ascii_case(name)).map_or("", |(_, hint)| *hint)
}

#[cfg(test)]
mod tests;
