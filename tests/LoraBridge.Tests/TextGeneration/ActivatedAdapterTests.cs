using LoraBridge.Adapters;
using LoraBridge.Evaluation;
using LoraBridge.Formats;
using LoraBridge.Model;
using LoraBridge.TestKit;
using LoraBridge.TextGeneration;
using LoraBridge.TextGeneration.Lanes;

namespace LoraBridge.Tests.TextGeneration;

/// <summary>Activated adapters (aLoRA) act from their invocation tokens on.</summary>
public sealed class ActivatedAdapterTests : IDisposable
{
    private const string Invocation = "<check>";
    private const string Prompt = $"A long text that the model reads by itself. {Invocation} Is it {Invocation} so?";

    /// <summary>Flat probabilities: a difference in the last bits of a logit shows soon.</summary>
    private static readonly SamplingMode Flat = new() { Temperature = 2, Seed = 3 };

    private readonly TemporaryFolder _folder = new();
    private readonly LM _model = TinyModels.Load(TinyArchitecture.Llama);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private int Start => _model.Tokenize(Prompt[..Prompt.LastIndexOf(Invocation, StringComparison.Ordinal)]).Length;

    public void Dispose()
    {
        _model.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Logits_are_those_of_the_model_up_to_the_last_invocation_and_of_the_adapter_from_there_on()
    {
        var tokens = _model.Tokenize(Prompt);
        var adapter = _model.ApplyLoraAdapter(Adapter());
        using var evaluator = new TokenLossEvaluator(_model.Core, [adapter], tokens.Length);
        var logits = evaluator.Logits(tokens, Stop);

        var options = new InferenceContextOptions { ContextLength = tokens.Length, Exact = true };
        using var plain = new InferenceContext(_model.Core, options);
        using var adapted = new InferenceContext(_model.Core, options);
        adapted.SetAdapters(_model.CurrentAdapters);
        Decode(plain, tokens, 0, Start);
        adapted.Restore(0, plain.Save(0));
        for (var position = 0; position < Start; position++)
            Assert.Equal(plain.Logits(position).ToArray(), logits[position]);
        Decode(adapted, tokens, Start, tokens.Length);
        for (var position = Start; position < tokens.Length; position++)
            Assert.Equal(adapted.Logits(position - Start).ToArray(), logits[position]);
        Decode(plain, tokens, Start, tokens.Length);
        Assert.NotEqual(plain.Logits(0).ToArray(), logits[Start]);
    }

    [Fact]
    public void An_answer_is_that_of_two_steps_by_hand()
    {
        var adapter = Adapter();
        using var chat = Text(_model);
        var answer = Answer(chat, Prompt, adapter);
        Assert.Equal(ByHand(adapter, Prompt, Start), answer.Tokens);
        Assert.NotEqual(Answer(chat, Prompt).Tokens, answer.Tokens);
    }

    [Fact]
    public void What_was_read_before_the_invocation_serves_the_model_and_the_adapter()
    {
        var adapter = Adapter();
        using var chat = Text(_model);
        var count = _model.Tokenize(Prompt).Length;
        var plain = Answer(chat, Prompt);
        var activated = Answer(chat, Prompt, adapter);
        Assert.Equal((count, count - Start), (plain.ReadTokenCount, activated.ReadTokenCount));
        var plainAgain = Answer(chat, Prompt);
        Assert.Equal(count - Start, plainAgain.ReadTokenCount);
        Assert.Equal(activated.Tokens, Answer(chat, Prompt, adapter).Tokens);
        Assert.Equal(1, InferenceHost.For(_model.Core).ContextCount);
    }

    [Fact]
    public void What_it_has_computed_is_not_put_aside()
    {
        using var model = new LM(Path, TinyModels.Device, new LoadingOptions
        {
            Inference = new InferenceOptions { SequencesPerContext = 1, MaximumContexts = 1, Deterministic = true, EvictedStateBytes = 1 << 20 },
        });
        using var chat = Text(model);
        using var other = Text(model);
        Answer(chat, Prompt, Adapter());
        Answer(other, "Something else.");
        var plain = Answer(chat, Prompt);
        Assert.Equal(plain.PromptTokenCount - Start, plain.ReadTokenCount);
        using var alone = Text(_model);
        Assert.Equal(Answer(alone, Prompt).Tokens, plain.Tokens);
    }

    [Fact]
    public void Without_its_invocation_it_does_nothing()
    {
        using var chat = Text(_model);
        var plain = chat.Submit("Is it so?", Stop).Tokens;
        Assert.Equal(plain, Answer(chat, "Is it so?", Adapter()).Tokens);
    }

    [Fact]
    public void It_adds_to_adapters_that_always_act_and_its_scale_counts()
    {
        var always = new LoraAdapter(Save("always.gguf", TinyAdapters.Create(Path, scaleOfB: 0.3f, seed: 5)));
        var activated = Adapter();
        using var chat = Text(_model);
        chat.SetAdapters([always]);
        var without = chat.Submit(Prompt, Stop).Tokens;
        chat.SetAdapters([activated, always]);
        var both = chat.Submit(Prompt, Stop).Tokens;
        Assert.NotEqual(without, both);
        activated.Scale = 0;
        Assert.Equal(without, chat.Submit(Prompt, Stop).Tokens);
        activated.Scale = 1;
        Assert.Equal(both, chat.Submit(Prompt, Stop).Tokens);
    }

    [Fact]
    public async Task Many_share_a_context_and_each_is_as_if_alone()
    {
        var adapter = Adapter();
        var other = new LoraAdapter(Save("other.gguf", Create(seed: 8, invocation: "long")));
        LoraAdapter[][] kinds = [[], [adapter], [other], [adapter, other]];
        using var model = new LM(Path, TinyModels.Device, new LoadingOptions
        {
            Inference = new InferenceOptions { SequencesPerContext = 8, MaximumContexts = 1, Deterministic = true },
        });
        var chats = Enumerable.Range(0, 8).Select(_ => Text(model)).ToList();
        for (var round = 0; round < 2; round++)
        {
            var answers = await Task.WhenAll(chats.Select((chat, i) => Task.Run(() => Answer(chat, Prompt, kinds[i % kinds.Length]))));
            for (var i = 0; i < kinds.Length; i++)
            {
                using var alone = Text(_model);
                Assert.Equal(Answer(alone, Prompt, kinds[i]).Tokens, answers[i].Tokens);
                Assert.Equal(answers[i].Tokens, answers[i + kinds.Length].Tokens);
            }
            Assert.Equal(kinds.Length, answers.Select(answer => string.Join(',', answer.Tokens)).Distinct().Count());
        }
        chats.ForEach(chat => chat.Dispose());
    }

    [Fact]
    public async Task Together_or_one_by_one_answers_of_a_model_that_is_sure_are_the_same()
    {
        using var model = SmallWorld.Load(new InferenceOptions { SequencesPerContext = 4 });
        var invocation = model.Tokenize("Dora", addSpecial: false);
        var adapter = new LoraAdapter(Save("small.gguf", TinyAdapters.Create(SmallWorld.Path, scaleOfB: 0.05f, invocation: invocation)));
        LoraAdapter[][] kinds = [[], [adapter]];
        var chats = Enumerable.Range(0, 4).Select(_ => new SingleTurnConversation(model) { SamplingMode = SamplingMode.Greedy, MaximumCompletionTokens = 6 }).ToList();
        const string Question = "Where does Dora live?";
        var answers = await Task.WhenAll(chats.Select((chat, i) => Task.Run(() => Answer(chat, Question, kinds[i % 2]))));
        for (var i = 0; i < answers.Length; i++)
            Assert.Equal(Answer(chats[0], Question, kinds[i % 2]).Text, answers[i].Text);
        chats.ForEach(chat => chat.Dispose());
    }

    [Fact]
    public void A_saved_state_has_what_the_model_alone_has_read()
    {
        using var chat = Text(_model);
        var adapter = Adapter();
        chat.SetAdapters([adapter]);
        var answer = chat.Submit(Prompt, Stop);
        chat.SaveState(_folder["state"]);
        using var restored = Text(_model);
        restored.SetAdapters([adapter]);
        restored.RestoreState(_folder["state"]);
        var again = restored.Submit(Prompt, Stop);
        Assert.Equal(answer.Tokens, again.Tokens);
        Assert.Equal(again.PromptTokenCount - Start, again.ReadTokenCount);
    }

    [Fact]
    public void Invocation_tokens_that_the_model_does_not_have_are_refused()
    {
        var path = Save("far.gguf", TinyAdapters.Create(Path, invocation: [_model.VocabularySize]));
        Assert.Contains($"{_model.VocabularySize}", Assert.Throws<AdapterMismatchException>(() => _model.ApplyLoraAdapter(path)).Message, StringComparison.Ordinal);
        Assert.Empty(_model.Adapters);
    }

    private static string Path => TinyModels.PathOf(TinyArchitecture.Llama);

    private static SingleTurnConversation Text(LM model) =>
        new(model, contextLength: 256) { UseChatTemplate = false, SamplingMode = Flat, MaximumCompletionTokens = 12 };

    private static TextGenerationResult Answer(SingleTurnConversation chat, string prompt, params LoraAdapter[] adapters)
    {
        chat.SetAdapters(adapters);
        return chat.Submit(prompt, Stop);
    }

    private static void Decode(InferenceContext context, int[] tokens, int start, int end) =>
        context.Decode(tokens.AsSpan(start, end - start), start, _ => true, Stop);

    private LoraAdapter Adapter() => new(Save("activated.gguf", Create(seed: 2, Invocation)));

    private GgufWriter Create(int seed, string invocation) =>
        TinyAdapters.Create(Path, scaleOfB: 0.3f, seed: seed, invocation: _model.Tokenize(invocation, addSpecial: false));

    private string Save(string name, GgufWriter writer)
    {
        writer.Save(_folder[name]);
        return _folder[name];
    }

    private List<int> ByHand(LoraAdapter adapter, string prompt, int start)
    {
        var tokens = _model.Tokenize(prompt);
        var loaded = _model.Core.Adapters.Acquire(adapter);
        var options = new InferenceContextOptions { ContextLength = 256 };
        using var plain = new InferenceContext(_model.Core, options);
        using var adapted = new InferenceContext(_model.Core, options);
        using var sampler = new TokenSampler(Flat, _model.Vocabulary);
        plain.Decode(tokens.AsSpan(0, start), 0, _ => false, Stop);
        adapted.SetAdapters(AdapterSet.Of([(loaded, 1f)]));
        adapted.Restore(0, plain.Save(0));
        adapted.Decode(tokens.AsSpan(start), start, index => index == tokens.Length - start - 1, Stop);
        List<int> answer = [];
        for (var next = sampler.Choose(adapted.Logits(tokens.Length - start - 1)); ; next = sampler.Choose(adapted.Logits(0)))
        {
            answer.Add(next);
            if (answer.Count == 12)
                break;
            adapted.Decode([next], tokens.Length + answer.Count - 1, _ => true, Stop);
        }
        adapted.SetAdapters(AdapterSet.Empty);
        _model.Core.Adapters.Release(loaded);
        return answer;
    }
}
