//! Tokens to a tree, by CEL's grammar and precedence. The tree is untyped; [`super::check`] gives it types.

use super::check::ExprProblem;
use super::lexer::{Kind, Token, tokens};

/// The deepest nesting of a source, so that no input can exhaust the parser's stack.
const MAX_DEPTH: usize = 64;

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
    /// `! -`
    Unary(&'static str, Box<Node>),
    /// All two-sided operators, `in` among them.
    Binary(&'static str, Box<Node>, Box<Node>),
    /// `c ? a : b`
    Select(Box<[Node; 3]>),
    /// `[a, b]`
    List(Vec<Node>),
}

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

    fn ternary(&mut self) -> Result<Node, ExprProblem> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(ExprProblem::new(self.peek().at, "too_deep", format!("nested deeper than {MAX_DEPTH} levels")));
        }
        let condition = self.binary(0)?;
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

    fn binary(&mut self, level: usize) -> Result<Node, ExprProblem> {
        let Some(operators) = LEVELS.get(level) else { return self.unary() };
        let mut left = self.binary(level + 1)?;
        while let Some(operator) = self.operator(operators) {
            self.next += 1;
            let right = self.binary(level + 1)?;
            left = Node { at: left.at, tree: Tree::Binary(operator, Box::new(left), Box::new(right)) };
        }
        Ok(left)
    }

    fn operator(&self, operators: &[&'static str]) -> Option<&'static str> {
        operators.iter().copied().find(|operator| match &self.peek().kind {
            Kind::Sign(sign) => sign == operator,
            Kind::Ident(word) => word == operator,
            _ => false,
        })
    }

    fn unary(&mut self) -> Result<Node, ExprProblem> {
        let at = self.peek().at;
        for operator in ["!", "-"] {
            if self.accept(operator) {
                self.depth += 1;
                if self.depth > MAX_DEPTH {
                    return Err(ExprProblem::new(at, "too_deep", format!("nested deeper than {MAX_DEPTH} levels")));
                }
                let operand = self.unary()?;
                self.depth -= 1;
                return Ok(Node { tree: Tree::Unary(operator, Box::new(operand)), at });
            }
        }
        self.primary()
    }

    fn primary(&mut self) -> Result<Node, ExprProblem> {
        let token = self.take();
        let tree = match token.kind {
            Kind::Int(i) => Tree::Int(i),
            Kind::Double(d) => Tree::Double(d),
            Kind::Str(s) => Tree::Str(s),
            Kind::Ident(word) => self.word(word)?,
            Kind::Sign("(") => {
                let inner = self.ternary()?;
                self.expect(")")?;
                inner.tree
            }
            Kind::Sign("[") => Tree::List(self.arguments("]")?),
            _ => return Err(unexpected(&token, "a value")),
        };
        if matches!(self.peek().kind, Kind::Sign("." | "[" | "{")) {
            return Err(unexpected(self.peek(), "an operator"));
        }
        Ok(Node { tree, at: token.at })
    }

    fn word(&mut self, word: String) -> Result<Tree, ExprProblem> {
        match word.as_str() {
            "true" => return Ok(Tree::Bool(true)),
            "false" => return Ok(Tree::Bool(false)),
            _ => {}
        }
        if self.accept("(") {
            return Ok(Tree::Call(word, self.arguments(")")?));
        }
        let mut path = vec![word];
        while self.accept(".") {
            match self.take() {
                Token { kind: Kind::Ident(part), .. } => path.push(part),
                token => return Err(unexpected(&token, "a name after `.`")),
            }
        }
        Ok(Tree::Path(path))
    }

    fn arguments(&mut self, close: &str) -> Result<Vec<Node>, ExprProblem> {
        let mut arguments = Vec::new();
        if self.accept(close) {
            return Ok(arguments);
        }
        loop {
            arguments.push(self.ternary()?);
            if self.accept(close) {
                return Ok(arguments);
            }
            self.expect(",")?;
        }
    }
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
    ExprProblem::new(token.at, "syntax", format!("found {found} where {expected} should be"))
}
