using System.Text;
using LoraBridge.Model;
using LoraBridge.TestKit;
using LoraBridge.TextGeneration;
using LoraBridge.TextGeneration.Grammars;
using LoraBridge.TextGeneration.Sampling;

namespace LoraBridge.Tests.TextGeneration.Sampling;

public sealed class TokenSamplerTests : IDisposable
{
    private readonly LM _model = TinyModels.Load(TinyArchitecture.Llama);
    private readonly float[] _logits;

    public TokenSamplerTests()
    {
        _logits = new float[_model.VocabularySize];
        for (var token = 0; token < _logits.Length; token++)
            _logits[token] = token % 7;
    }

    public void Dispose() => _model.Dispose();

    [Fact]
    public void Logit_bias_forces_and_bans_tokens()
    {
        Assert.Equal(5, Choose(new SamplingMode { LogitBias = new Dictionary<int, float> { [5] = 100 } }));
        Assert.Equal(13, Choose(new SamplingMode { LogitBias = new Dictionary<int, float> { [6] = float.NegativeInfinity } }));
        Assert.Equal(5, Choose(new SamplingMode { Temperature = 1, Seed = 1, LogitBias = new Dictionary<int, float> { [5] = 100 } }));
        var all = Enumerable.Range(0, _logits.Length).ToDictionary(token => token, _ => float.NegativeInfinity);
        Assert.Contains("bans every token", Assert.Throws<InvalidOperationException>(() => Choose(new SamplingMode { LogitBias = all })).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => Choose(new SamplingMode { LogitBias = new Dictionary<int, float> { [_logits.Length] = 1 } }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new SamplingMode { LogitBias = new Dictionary<int, float> { [-1] = 1 } });
        Assert.Throws<ArgumentOutOfRangeException>(() => new SamplingMode { LogitBias = new Dictionary<int, float> { [1] = float.NaN } });
        Assert.Throws<ArgumentOutOfRangeException>(() => new SamplingMode { LogitBias = new Dictionary<int, float> { [1] = float.PositiveInfinity } });
    }

    [Fact]
    public void Penalties_count_tokens_within_the_window()
    {
        var penalties = new Penalties(repetition: 2, frequency: 0.5f, presence: 0.25f, window: 3);
        foreach (var token in (int[])[9, 0, 1, 1])
            penalties.Accept(token);
        float[] logits = [4, -4, 1, 9, 9, 9, 9, 9, 9, 9];
        penalties.Apply(logits);
        // Once, positive; twice, negative; not at all; out of the window.
        Assert.Equal([4 / 2f - 0.75f, -4 * 2f - 1.25f, 1, 9, 9, 9, 9, 9, 9, 9], logits);
    }

    [Fact]
    public void Prompt_and_answer_are_penalised()
    {
        var mode = new SamplingMode { PresencePenalty = 10, PenaltyWindow = -1 };
        using var sampler = new TokenSampler(mode, _model.Vocabulary);
        sampler.Begin([6]);
        Assert.Equal(13, sampler.Choose(_logits));
        sampler.Accept(13);
        Assert.Equal(20, sampler.Choose(_logits));
        Assert.Equal(6, Choose(mode with { PresencePenalty = 0 }));
    }

    [Fact]
    public void Dry_penalises_what_would_continue_a_repetition()
    {
        var random = new Random(4);
        var pieces = _model.Vocabulary.Pieces;
        for (var i = 0; i < 200; i++)
        {
            var options = new DryOptions { AllowedLength = random.Next(1, 4), Window = random.Next(-1, 40), SequenceBreakers = ["c"] };
            var dry = new DryPenalty(options, pieces);
            var tokens = Enumerable.Range(0, 60).Select(_ => TokenOf((char)('a' + random.Next(3)))).ToList();
            tokens.ForEach(dry.Accept);
            var expected = SlowDry(options, tokens, TokenOf('c'));
            var actual = new float[_logits.Length];
            dry.Apply(actual);
            Assert.Equal(expected, actual);
        }
    }

    [Fact]
    public void Xtc_leaves_out_all_but_the_least_probable_of_the_probable_ones()
    {
        float[] logits = [.. Enumerable.Repeat(-20f, _logits.Length)];
        (logits[1], logits[2], logits[3]) = (3, 2, 1);
        for (var seed = 0u; seed < 30; seed++)
        {
            using var sampler = new TokenSampler(
                new SamplingMode { Temperature = 1, XtcProbability = 1, XtcThreshold = 0.05f, Seed = seed }, _model.Vocabulary);
            Assert.NotInRange(sampler.Choose(logits), 1, 2);
        }
    }

    [Theory]
    [InlineData(0f)]
    [InlineData(1f)]
    public void Only_what_the_grammar_allows_is_chosen(float temperature)
    {
        var grammar = Grammar.Parse("root ::= \"yes \" [0-9]{3} | \"no\"");
        for (var seed = 0u; seed < 20; seed++)
        {
            using var sampler = new TokenSampler(new SamplingMode { Temperature = temperature, Seed = seed, Grammar = grammar }, _model.Vocabulary);
            var random = new Random((int)seed);
            var bytes = new List<byte>();
            while (!sampler.IsFinished)
            {
                var token = sampler.Choose([.. _logits.Select(_ => random.NextSingle())]);
                sampler.Accept(token);
                bytes.AddRange(_model.Vocabulary.Pieces[token]);
            }
            Assert.True(grammar.Matches(Encoding.UTF8.GetString([.. bytes])), Encoding.UTF8.GetString([.. bytes]));
        }
    }

    [Fact]
    public void A_token_that_is_refused_is_chosen_again_with_the_right_chances()
    {
        float[] logits = [.. Enumerable.Repeat(-30f, _logits.Length)];
        (logits[TokenOf('a')], logits[TokenOf('b')], logits[TokenOf('x')]) = (MathF.Log(3), 0, 5);
        var grammar = Grammar.Parse("root ::= [ab]");
        var count = Enumerable.Range(0, 1000).Count(seed =>
        {
            using var sampler = new TokenSampler(new SamplingMode { Temperature = 1, Seed = (uint)seed, Grammar = grammar }, _model.Vocabulary);
            return sampler.Choose(logits) == TokenOf('a');
        });
        Assert.InRange(count, 700, 800);
    }

    [Fact]
    public void Masks_agree_with_asking_for_each_token()
    {
        using var model = new LM(Path.Combine(CheckoutFolder.Root, "examples", "models", "small-world.Q4_K_M.gguf"), TinyModels.Device);
        var pieces = model.Vocabulary.Pieces;
        var random = new Random(8);
        for (var seed = 0; seed < 12; seed++)
        {
            var grammar = Grammar.FromJsonSchema(Grammars.RandomSchema.Text(seed));
            var constraint = new GrammarConstraint(grammar, pieces, new Dictionary<int, byte[]>());
            for (var step = 0; step < 12 && !constraint.IsComplete; step++)
            {
                var logits = new float[pieces.Count];
                Assert.True(constraint.Mask(logits));
                var allowed = Enumerable.Range(0, pieces.Count).Where(constraint.Allows).ToList();
                Assert.Equal(allowed, Enumerable.Range(0, pieces.Count).Where(token => logits[token] == 0));
                var next = allowed[random.Next(allowed.Count)];
                if (pieces.IsEnd(next))
                    break;
                constraint.Accept(next);
            }
        }
    }

    [Fact]
    public void A_grammar_that_waits_for_its_trigger_leaves_the_rest_free()
    {
        var pieces = _model.Vocabulary.Pieces;
        var constraint = new GrammarConstraint(Grammar.Parse("root ::= \"<c>\" [0-9]+ \"!\"").After("<c>"), pieces, new Dictionary<int, byte[]>());
        foreach (var character in "free < text <c")
        {
            Assert.True(constraint.Allows(TokenOf('z')));
            Assert.True(constraint.Allows(TokenOf(character)));
            constraint.Accept(TokenOf(character));
        }
        constraint.Accept(TokenOf('>'));
        Assert.False(constraint.Allows(TokenOf('z')));
        constraint.Accept(TokenOf('7'));
        Assert.True(constraint.Allows(TokenOf('!')));
        Assert.False(constraint.IsComplete);
        constraint.Accept(TokenOf('!'));
        Assert.True(constraint.IsComplete);
    }

    [Fact]
    public void Where_the_grammar_allows_no_token_the_answer_fails_with_words()
    {
        using var sampler = new TokenSampler(
            new SamplingMode { Grammar = Grammar.Parse("root ::= \"a\""), LogitBias = new Dictionary<int, float> { [TokenOf('a')] = float.NegativeInfinity } },
            _model.Vocabulary);
        Assert.Contains("no token that the grammar allows", Assert.Throws<InvalidOperationException>(() => sampler.Choose(_logits)).Message);
    }

    [Fact]
    public void Settings_out_of_range_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new SamplingMode { RepetitionPenalty = 0 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new SamplingMode { FrequencyPenalty = float.NaN });
        Assert.Throws<ArgumentOutOfRangeException>(() => new SamplingMode { PresencePenalty = float.PositiveInfinity });
        Assert.Throws<ArgumentOutOfRangeException>(() => new SamplingMode { PenaltyWindow = -2 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new SamplingMode { XtcProbability = 1.1f });
        Assert.Throws<ArgumentOutOfRangeException>(() => new SamplingMode { XtcThreshold = -0.1f });
        Assert.Throws<ArgumentOutOfRangeException>(() => new DryOptions { Multiplier = -1 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new DryOptions { Base = 0.9f });
        Assert.Throws<ArgumentOutOfRangeException>(() => new DryOptions { AllowedLength = 0 });
        Assert.Throws<ArgumentException>(() => new DryOptions { SequenceBreakers = [""] });
    }

    private int Choose(SamplingMode mode)
    {
        using var sampler = new TokenSampler(mode, _model.Vocabulary);
        return sampler.Choose(_logits);
    }

    private int TokenOf(char character) => _model.Tokenize(character.ToString(), addSpecial: false)[^1];

    /// <summary>As the definition says: for each token, the longest sequence at the end that it followed before.</summary>
    private float[] SlowDry(DryOptions options, List<int> tokens, int breaker)
    {
        var recent = options.Window < 0 ? tokens : tokens[^Math.Min(options.Window, tokens.Count)..];
        var penalties = new float[_logits.Length];
        for (var next = 1; next < recent.Count; next++)
        {
            var length = 0;
            while (length < next && recent[^(length + 1)] != breaker && recent[next - 1 - length] == recent[^(length + 1)])
                length++;
            if (length >= options.AllowedLength)
                penalties[recent[next]] = Math.Min(penalties[recent[next]], -options.Multiplier * MathF.Pow(options.Base, length - options.AllowedLength));
        }
        return penalties;
    }
}
