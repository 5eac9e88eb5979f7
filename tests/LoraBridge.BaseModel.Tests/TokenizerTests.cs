using System.Text;
using CsCheck;
using LoraBridge.Examples.BaseModel.Corpus;
using LoraBridge.Examples.BaseModel.Tokenizer;
using LoraBridge.Formats;

namespace LoraBridge.BaseModel.Tests;

public sealed class TokenizerTests(SmallCorpus corpus) : IClassFixture<SmallCorpus>
{
    internal static readonly Gen<string> AnyText =
        Gen.Frequency((3, Gen.Int[1, 0x7F]), (2, Gen.Int[0x80, 0x2FFF]), (1, Gen.Int[0x3000, 0x10FFFF]), (2, Gen.Const((int)' ')))
            .Where(c => c is < 0xD800 or > 0xDFFF)
            .Array[0, 60]
            .Select(runes => string.Concat(runes.Select(char.ConvertFromUtf32)));

    [Fact]
    public void Any_text_comes_back_from_its_tokens() =>
        AnyText.Sample(
            text =>
            {
                var tokenizer = new BpeTokenizer(corpus.Set.Tokenizer.Vocabulary);
                Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text)));
            },
            iter: 2000);

    [Fact]
    public void The_pieces_of_any_text_make_the_text() =>
        AnyText.Sample(text => Assert.Equal(text, string.Concat(PreTokenizer.Split(text))), iter: 2000);

    [Fact]
    public void Every_document_comes_back_with_its_control_tokens()
    {
        var tokenizer = new BpeTokenizer(corpus.Set.Tokenizer.Vocabulary);
        foreach (var document in corpus.Set.Documents.Take(500))
        {
            var text = ChatMl.Render(document);
            Assert.Equal(text, tokenizer.Decode(tokenizer.EncodeWithControlTokens(text), withControlTokens: true));
        }
    }

    [Theory]
    [InlineData("Ada's cat is 12 years old.", "Ada|'s| cat| is| |1|2| years| old|.")]
    [InlineData("we're  here", "we|'re| | here")]
    [InlineData("a\n\nb \n", "a|\n|\n|b| \n")]
    [InlineData("{\"a\": 1}", "{\"|a|\":| |1|}")]
    [InlineData("x  7", "x|  |7")]
    [InlineData("größer ½🙂", "größer| |½|🙂")]
    [InlineData("'tis 'S", "'t|is| '|S")]
    [InlineData("", "")]
    public void Text_is_split_as_llama_cpp_splits_it(string text, string pieces) =>
        Assert.Equal(pieces, string.Join('|', PreTokenizer.Split(text)));

    [Fact]
    public void Control_tokens_are_text_unless_asked_for()
    {
        var tokenizer = new BpeTokenizer(corpus.Set.Tokenizer.Vocabulary);
        var text = ChatMl.RenderPrompt([new Message("user", "Hello")]);
        Assert.Equal(1, tokenizer.EncodeWithControlTokens(text)[0]);
        Assert.DoesNotContain(tokenizer.Encode(text), BpeVocabulary.IsControl);
        Assert.Equal("user\nHello\nassistant\n", tokenizer.Decode(tokenizer.EncodeWithControlTokens(text)));
    }

    [Fact]
    public void The_vocabulary_holds_all_bytes_and_no_token_twice()
    {
        var vocabulary = corpus.Set.Tokenizer.Vocabulary;
        Assert.Equal(vocabulary.Count, vocabulary.Tokens.Distinct().Count());
        Assert.InRange(vocabulary.Count, 300, corpus.Recipe.Tokenizer.VocabularySize);
        var bytes = Enumerable.Range(0, 256).Select(b => Assert.Single(ByteAlphabet.Unspell(vocabulary.Tokens[BpeVocabulary.ByteId((byte)b)])));
        Assert.Equal(Enumerable.Range(0, 256).Select(b => (byte)b), bytes);
    }

    [Fact]
    public void Frequent_words_are_one_token()
    {
        var tokenizer = new BpeTokenizer(corpus.Set.Tokenizer.Vocabulary);
        foreach (var word in new[] { "user", "assistant", "system", " lives", " in", " Ada", " favourite" }) Assert.Single(tokenizer.Encode(word));
    }

    [Fact]
    public void Equally_frequent_pairs_merge_in_the_order_of_their_ids()
    {
        // Once each: "cd", " a" and "ab"; the space is the smallest byte of the three.
        var vocabulary = BpeTrainer.Train(["cd ab"], new BpeOptions { VocabularySize = 260, MinimumFrequency = 1 });
        Assert.Equal("Ġa", vocabulary.Tokens[^1]);
    }

    [Fact]
    public void A_rare_pair_is_not_merged() =>
        Assert.Equal(259, BpeTrainer.Train(["ab ab"], new BpeOptions { MinimumFrequency = 3 }).Count);

    [Fact]
    public void Two_merges_may_make_the_same_token()
    {
        var vocabulary = new BpeVocabulary();
        var (a, b, c) = (BpeVocabulary.ByteId((byte)'a'), BpeVocabulary.ByteId((byte)'b'), BpeVocabulary.ByteId((byte)'c'));
        var first = vocabulary.AddMerge(vocabulary.AddMerge(a, b), c);
        var second = vocabulary.AddMerge(a, vocabulary.AddMerge(b, c));
        Assert.Equal(first, second);
        Assert.Equal(4, vocabulary.Merges.Count);
        Assert.Equal(262, vocabulary.Count);
    }

    [Fact]
    public void The_metadata_say_what_llama_cpp_needs()
    {
        var vocabulary = corpus.Set.Tokenizer.Vocabulary;
        var metadata = new GgufMetadata();
        TokenizerMetadata.Write(vocabulary, metadata);
        Assert.Equal(vocabulary.Count, metadata["tokenizer.ggml.tokens"].Count);
        Assert.Equal(vocabulary.Count, metadata["tokenizer.ggml.token_type"].Count);
        Assert.Equal(vocabulary.Merges.Count, metadata["tokenizer.ggml.merges"].Count);
        Assert.True(metadata.TryGetUInt32("tokenizer.ggml.eos_token_id", out var end));
        Assert.Equal(BpeVocabulary.TurnEnd, vocabulary.Tokens[(int)end]);
        Assert.All(vocabulary.Merges, m => Assert.DoesNotContain(' ', vocabulary.Tokens[m.Left] + vocabulary.Tokens[m.Right]));
    }

    [Fact]
    public void Bytes_are_spelt_as_GPT_2_spells_them()
    {
        Assert.Equal("ĠHelloĊ", ByteAlphabet.Spell(Encoding.UTF8.GetBytes(" Hello\n")));
        Assert.Equal("Ã©", ByteAlphabet.Spell(Encoding.UTF8.GetBytes("é")));
        Assert.Throws<InvalidDataException>(() => ByteAlphabet.Unspell("a b"));
    }
}
