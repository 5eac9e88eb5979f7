using System.Text;
using LoraBridge.TextGeneration;
using LoraBridge.TextGeneration.Grammars;

namespace LoraBridge.Tests.TextGeneration.Grammars;

public class GrammarTests
{
    [Theory]
    [InlineData("root ::= \"ab\" | \"c\"", "ab|c", "a|b|abc||cc")]
    [InlineData("root ::= [a-c] [^a-c] .", "axé|b\n😀", "aax|ax|axyz")]
    [InlineData("root ::= \"x\"* \"y\"+ \"z\"?", "y|xxyyz|yz", "|x|xz|yzz")]
    [InlineData("root ::= \"x\"{2} | \"y\"{1,} | \"z\"{1,3} | \"w\"{0,0}", "xx|y|yyyy|z|zzz|", "x|xxx|zzzz|w")]
    [InlineData("root ::= (\"a\" (\"b\" | \"c\"))+ # pairs\n", "ab|abac", "a|abc|ba")]
    [InlineData("root ::= item (\",\" item)*\n\nitem ::=\n  [0-9]+ |\n  \"(\" root \")\"", "1|12,3|(1,(2)),3", "|,|1,|(1|1)")]
    [InlineData("root ::= \"\\x41\\u00e9\\U0001F600\\n\\t\\\\\\\"\" [\\]\\-]", "Aé😀\n\t\\\"]|Aé😀\n\t\\\"-", "Aé😀\n\t\\\"x")]
    [InlineData("root ::= (\"a\"?)* \"b\"", "b|aab", "a|ba")]
    [InlineData("root ::= [^\\x00-\\x7F]+", "é東😀", "a|éa")]
    public void A_grammar_matches_its_texts_and_no_others(string gbnf, string texts, string others)
    {
        var grammar = Grammar.Parse(gbnf);
        foreach (var text in texts.Split('|'))
            Assert.True(grammar.Matches(text), $"'{text}' should match");
        foreach (var text in others.Split('|'))
            Assert.False(grammar.Matches(text), $"'{text}' should not match");
    }

    [Fact]
    public void The_root_may_have_another_name() => Assert.True(Grammar.Parse("a ::= \"x\" b\nb ::= \"y\"", "b").Matches("y"));

    [Theory]
    [InlineData("root = \"a\"", "line 1, column 6: '::=' is expected after the name 'root'")]
    [InlineData("root ::= \"a", "line 1, column 10: the literal is not closed")]
    [InlineData("root ::= [a", "line 1, column 10: the character class is not closed")]
    [InlineData("root ::= [b-a]", "the range ends before it starts")]
    [InlineData("root ::= (\"a\"", "')' is expected")]
    [InlineData("root ::= \"a\"\nroot ::= \"b\"", "the rule 'root' is defined twice")]
    [InlineData("root ::= \"\\q\"", "unknown escape '\\q'")]
    [InlineData("root ::= \"\\xZ1\"", "2 hexadecimal digits")]
    [InlineData("root ::= \"\\U00110000\"", "8 hexadecimal digits of a code point")]
    [InlineData("root ::= * \"a\"", "'*' has nothing to repeat")]
    [InlineData("root ::= \"a\"{3,2}", "{3,2} asks for at least 3 and at most 2")]
    [InlineData("root ::= \"a\"{x}", "a number of repetitions is expected")]
    [InlineData("root ::= \"a\"{99999999999}", "a number of repetitions is expected")]
    [InlineData("root ::= <[5]>", "references to tokens are not supported")]
    [InlineData("root ::= \"a\" )", "the end of the rule 'root' is expected, but ')' was found")]
    [InlineData("root ::= a\n\na ::= b", "line 3: there is no rule 'b'")]
    [InlineData("other ::= \"a\"", "there is no rule 'root' to start with")]
    [InlineData("", "there is no rule 'root' to start with")]
    [InlineData("root ::= root \"a\" | \"b\"", "the rule 'root' calls itself before it has read anything")]
    [InlineData("root ::= a\na ::= \"x\"? b\nb ::= a | \"c\"", "calls itself before it has read anything")]
    [InlineData("root ::= (a?)* \"b\"\na ::= \"x\"* root", "calls itself before it has read anything")]
    public void A_faulty_grammar_is_refused_with_its_place(string gbnf, string expected) =>
        Assert.Contains(expected, Assert.Throws<GrammarException>(() => Grammar.Parse(gbnf)).Message);

    [Fact]
    public void Depth_and_size_are_limited()
    {
        Assert.Contains("nested deeper", Assert.Throws<GrammarException>(
            () => Grammar.Parse("root ::= " + new string('(', 100_000))).Message);
        Assert.Contains("too large", Assert.Throws<GrammarException>(
            () => Grammar.Parse("root ::= ((\"a\"{1000}){1000}){1000}")).Message);
        // A chain of rules is no chain of calls on the stack.
        var chain = new StringBuilder("root ::= r0\n");
        for (var i = 0; i < 5_000; i++)
            chain.Append($"r{i} ::= r{i + 1}\n");
        Assert.True(Grammar.Parse(chain + "r5000 ::= \"x\"").Matches("x"));
    }

    [Fact]
    public void Deep_recursion_needs_no_stack()
    {
        var grammar = Grammar.Parse("root ::= \"(\" root \")\" | \"x\"");
        const int Depth = 50_000;
        Assert.True(grammar.Matches(new string('(', Depth) + "x" + new string(')', Depth)));
        Assert.False(grammar.Matches(new string('(', Depth) + "x" + new string(')', Depth - 1)));
    }

    [Fact]
    public void A_grammar_with_too_many_readings_is_refused_while_it_is_used()
    {
        // The first letter may be that of any of the repetitions.
        var grammar = Grammar.Parse("root ::= (\"a\"?){30000} \"b\"");
        Assert.Contains("too many ways", Assert.Throws<GrammarException>(() => grammar.Matches("a")).Message);
    }

    [Fact]
    public void Ranges_of_code_points_become_exactly_their_bytes()
    {
        // Every code point at the edges of the lengths of UTF-8, one below and one above.
        int[] edges = [0, 0x7F, 0x80, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFFFF, 0x10000, 0x10FFFF];
        foreach (var first in edges)
        {
            foreach (var last in edges.Where(last => last >= first))
            {
                var grammar = Grammar.Parse($"root ::= [\\U{first:X8}-\\U{last:X8}]");
                foreach (var code in edges.SelectMany(edge => (int[])[edge - 1, edge, edge + 1]).Where(Rune.IsValid))
                    Assert.True(grammar.Matches(char.ConvertFromUtf32(code)) == (first <= code && code <= last), $"{code:X} in {first:X}-{last:X}");
            }
        }
    }

    [Theory]
    [InlineData(0xC0, 0x80)]
    [InlineData(0xE0, 0x80, 0x80)]
    [InlineData(0xED, 0xA0, 0x80)]
    [InlineData(0xF4, 0x90, 0x80, 0x80)]
    [InlineData(0xFF)]
    [InlineData(0x80)]
    public void Bytes_that_are_no_UTF8_match_no_character(params int[] bytes)
    {
        var matcher = new GrammarMatcher(Grammar.Parse("root ::= .").Program);
        Assert.Null(matcher.Step(matcher.Start, [.. bytes.Select(value => (byte)value)]));
    }

    [Fact]
    public void Triggers_must_start_what_the_grammar_describes()
    {
        var grammar = Grammar.Parse("root ::= \"<call>\" [a-z]+");
        Assert.Equal(["<call>"], grammar.After("<call>").Triggers);
        Assert.Contains("starts with '<tool>'", Assert.Throws<ArgumentException>(() => grammar.After("<tool>")).Message);
        Assert.Throws<ArgumentException>(() => grammar.After());
        Assert.Throws<ArgumentException>(() => grammar.After(""));
    }

    [Fact]
    public void Any_text_is_a_grammar_or_a_GrammarException()
    {
        var random = new Random(5);
        string[] parts = ["root", "::=", "\"a\"", "\"", "[", "]", "a-z", "(", ")", "|", "*", "+", "?", "{", "}", "1", ",", "\n", " ", "#", "\\", "x", ".", "^", "é", "\0"];
        for (var i = 0; i < 20_000; i++)
        {
            var text = "root ::= " + string.Concat(Enumerable.Range(0, random.Next(12)).Select(_ => parts[random.Next(parts.Length)]));
            try
            {
                Grammar.Parse(text).Matches("aa");
            }
            catch (GrammarException)
            {
                // Refused with words.
            }
        }
    }
}
