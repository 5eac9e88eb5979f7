using LoraBridge.Adapters;
using LoraBridge.Evaluation;
using LoraBridge.Formats;
using LoraBridge.Model;
using LoraBridge.TestKit;
using LoraBridge.TextGeneration;
using LoraBridge.TextGeneration.Lanes;

namespace LoraBridge.Tests.Lifetimes;

/// <summary>An adapter is what was loaded, and stays loaded as long as somebody uses it.</summary>
public sealed class AdapterIdentityTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly LM _model = TinyModels.Load(TinyArchitecture.Llama);

    public void Dispose()
    {
        _model.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_file_that_was_trained_again_serves_its_new_weights_to_running_conversations(bool sameObject)
    {
        var path = Write("adapter", seed: 1);
        var adapter = _model.ApplyLoraAdapter(path);
        using var chat = Chat();
        chat.Submit("First");
        Assert.True(_model.RemoveLoraAdapter(adapter));
        Write("adapter", seed: 2, rank: 6);
        adapter = sameObject ? _model.ApplyLoraAdapter(adapter) : _model.ApplyLoraAdapter(path);

        var answer = chat.Submit("Second");

        using var fresh = Chat(chat.ChatHistory.Take(2));
        Assert.Equal(fresh.Submit("Second").Tokens, answer.Tokens);
        Assert.Equal(answer.PromptTokenCount, answer.ReadTokenCount);
        Assert.Equal(6, adapter.Rank);
        _model.RemoveLoraAdapter(adapter);
        Write("adapter", seed: 1);
        _model.ApplyLoraAdapter(path);
        using var first = Chat(chat.ChatHistory.Take(2));
        Assert.NotEqual(first.Submit("Second").Tokens, answer.Tokens);
    }

    [Fact]
    public void The_last_user_frees_an_adapter()
    {
        var adapter = _model.ApplyLoraAdapter(Write("adapter", seed: 1));
        var registry = _model.Core.Adapters;
        var loaded = registry.Find(adapter)!;
        using (_model.UseLoraAdapter(adapter))
            _model.RemoveLoraAdapter(adapter);
        Assert.True(loaded.IsFreed);
        Assert.Null(registry.Find(adapter));
    }

    [Fact]
    public void An_adapter_of_scale_zero_is_no_part_of_what_counts()
    {
        var adapter = _model.ApplyLoraAdapter(Write("adapter", seed: 1), 0);
        Assert.Equal(AdapterSet.Empty, _model.CurrentAdapters);
        adapter.Scale = 0.5f;
        Assert.NotEqual(AdapterSet.Empty, _model.CurrentAdapters);
    }

    [Fact]
    public void A_conversation_keeps_the_weights_it_was_given_beside_new_ones()
    {
        var adapter = new LoraAdapter(Write("adapter", seed: 1));
        using var old = Chat();
        old.SetAdapters([adapter]);
        var before = old.Submit("Hello").Tokens;
        Write("adapter", seed: 2);
        _model.ApplyLoraAdapter(adapter);

        using var current = Chat();
        Assert.NotEqual(before, current.Submit("Hello").Tokens);
        old.ClearHistory();
        Assert.Equal(before, old.Submit("Hello").Tokens);
    }

    [Fact]
    public void Uses_that_overlap_keep_an_adapter_until_the_last_ends()
    {
        var adapter = new LoraAdapter(Write("adapter", seed: 1));
        var first = _model.UseLoraAdapter(adapter);
        var second = _model.UseLoraAdapter(adapter.Path);
        first.Dispose();
        first.Dispose();
        Assert.Equal([adapter], _model.Adapters);
        Assert.False(_model.RemoveLoraAdapter(adapter));
        Assert.Equal([adapter], _model.Adapters);
        _model.ApplyLoraAdapter(adapter);
        second.Dispose();
        Assert.Equal([adapter], _model.Adapters);
        Assert.True(_model.RemoveLoraAdapter(adapter));
        Assert.Empty(_model.Adapters);

        using (_model.UseLoraAdapter(adapter))
        {
            _model.ApplyLoraAdapter(adapter);
            Assert.True(_model.RemoveLoraAdapter(adapter));
            Assert.Equal([adapter], _model.Adapters);
        }
        Assert.Empty(_model.Adapters);
    }

    [Fact]
    public void A_file_counts_once_whatever_its_path()
    {
        var path = Write("adapter", seed: 1);
        var adapter = _model.ApplyLoraAdapter(path, 0.5f);
        Assert.Same(adapter, _model.ApplyLoraAdapter(path, 0.5f));
        Assert.Same(adapter, _model.ApplyLoraAdapter(Path.Combine(Path.GetDirectoryName(path)!, "..", Path.GetFileName(Path.GetDirectoryName(path)!), "adapter.gguf"), 0.5f));
        var link = File.CreateSymbolicLink(_folder["link.gguf"], path).FullName;
        Assert.Same(adapter, _model.ApplyLoraAdapter(link, 0.5f));
        var failure = Assert.Throws<InvalidOperationException>(() => _model.ApplyLoraAdapter(path));
        Assert.Contains("0.5", failure.Message);
        Assert.Throws<InvalidOperationException>(() => _model.ApplyLoraAdapter(new LoraAdapter(link)));
        Assert.Throws<InvalidOperationException>(() => _model.UseLoraAdapter(new LoraAdapter(path)));
        Assert.Equal([adapter], _model.Adapters);

        using var chat = Chat();
        Assert.Throws<InvalidOperationException>(() => chat.SetAdapters([new LoraAdapter(path), new LoraAdapter(link)]));
        Assert.Equal([adapter], chat.Adapters);
        chat.SetAdapters([new LoraAdapter(path)]);
        Assert.Single(chat.Adapters);
        Assert.True(_model.RemoveLoraAdapter(adapter));
        Assert.Empty(_model.Adapters);
    }

    [Fact]
    public void A_file_that_changed_while_it_is_applied_must_be_removed_first()
    {
        var adapter = _model.ApplyLoraAdapter(Write("adapter", seed: 1));
        Write("adapter", seed: 2, rank: 3);
        Assert.Contains("changed", Assert.Throws<InvalidOperationException>(() => _model.ApplyLoraAdapter(adapter)).Message);
        Assert.Throws<InvalidOperationException>(() => _model.ApplyLoraAdapter(adapter.Path));
        Assert.Equal(4, adapter.Rank);
        _model.RemoveLoraAdapter(adapter);
        Assert.Equal(3, _model.ApplyLoraAdapter(adapter).Rank);
    }

    [Fact]
    public void Loading_an_adapter_leaves_contexts_and_caches_of_others_as_they_are()
    {
        using var chat = Chat();
        chat.SetAdapters([]);
        chat.Submit("Hello");
        var host = InferenceHost.For(_model.Core);
        var contexts = host.ContextCount;
        _model.ApplyLoraAdapter(Write("adapter", seed: 1));
        var answer = chat.Submit("More");
        Assert.Equal(contexts, host.ContextCount);
        Assert.Equal(1, contexts);
        Assert.True(answer.PromptTokenCount - answer.ReadTokenCount >= "user\nHello\nassistant\n".Length + 3, $"{answer.ReadTokenCount} of {answer.PromptTokenCount} tokens were read");
    }

    [Fact]
    public void A_scale_below_zero_takes_away_what_the_adapter_adds()
    {
        var path = Write("adapter", seed: 1);
        var negated = Path.ChangeExtension(path, ".negated.gguf");
        Negate(path, negated);
        int[] tokens = [.. Enumerable.Range(0, 16)];
        float[][] found, expected;
        using (_model.UseLoraAdapter(path, -0.75f))
            found = Logits(tokens);
        using (_model.UseLoraAdapter(negated, 0.75f))
            expected = Logits(tokens);
        using (_model.UseLoraAdapter(path, 0.75f))
            Assert.NotEqual(expected[^1], Logits(tokens)[^1]);
        Assert.Equal(expected, found);
    }

    [Fact]
    public void An_adapter_that_makes_nonsense_of_logits_ends_the_answer_with_an_error()
    {
        var adapter = _model.ApplyLoraAdapter(Write("adapter", seed: 1));
        using var chat = Chat();
        var answer = chat.Submit("Hello").Tokens;
        adapter.Scale = 3e38f;
        Assert.Contains("not finite", Assert.Throws<InvalidDataException>(() => chat.Submit("More")).Message);
        Assert.Throws<InvalidDataException>(() =>
        {
            using var evaluator = new TokenLossEvaluator(_model.Core, _model.Adapters, 8);
            evaluator.EvaluateRow([1, 2, 3, 4], null, TestContext.Current.CancellationToken);
        });
        adapter.Scale = 1;
        Assert.Equal(2, chat.ChatHistory.Count);
        chat.ClearHistory();
        Assert.Equal(answer, chat.Submit("Hello").Tokens);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void A_loss_of_logits_that_are_not_finite_is_an_error(float broken)
    {
        Assert.Throws<InvalidDataException>(() => TokenLossEvaluator.CrossEntropy([1, 2, broken, 3], 1));
        Assert.Throws<InvalidDataException>(() =>
        {
            using var sampler = new TokenSampler(SamplingMode.Greedy, _model.Vocabulary);
            sampler.Choose([1, 2, broken, 3]);
        });
    }

    [Fact]
    public void Failing_to_make_a_context_leaks_nothing()
    {
        var model = TinyModels.Load(TinyArchitecture.Llama);
        var core = model.Core;
        Assert.Throws<InsufficientMemoryException>(() => new MultiTurnConversation(model, contextLength: int.MaxValue));
        using (var chat = new MultiTurnConversation(model) { MaximumCompletionTokens = 2 })
        {
            Assert.Throws<InsufficientMemoryException>(() => new SingleTurnConversation(model, contextLength: int.MaxValue));
            Assert.NotNull(chat.Submit("Hello"));
            model.Dispose();
            core.Enter().Dispose();
        }
        Assert.Throws<ObjectDisposedException>(core.AddReference);
    }

    private MultiTurnConversation Chat(IEnumerable<ChatMessage>? history = null) =>
        new(_model, history is null ? null : new ChatHistory(history)) { SamplingMode = SamplingMode.Greedy, MaximumCompletionTokens = 12 };

    private float[][] Logits(int[] tokens)
    {
        using var evaluator = new TokenLossEvaluator(_model.Core, _model.Adapters, tokens.Length);
        return evaluator.Logits(tokens, TestContext.Current.CancellationToken);
    }

    /// <summary>Writes an adapter in place of an older one, as training does.</summary>
    private string Write(string name, int seed, int rank = 4)
    {
        var path = _folder[$"{name}.gguf"];
        var writer = TinyAdapters.Create(TinyModels.PathOf(TinyArchitecture.Llama), rank: rank, scaleOfB: 0.3f, seed: seed);
        writer.Save(path + ".new");
        File.SetLastWriteTimeUtc(path + ".new", DateTime.UnixEpoch.AddDays(seed));
        File.Move(path + ".new", path, overwrite: true);
        return path;
    }

    private static void Negate(string path, string target)
    {
        using var file = GgufFile.Open(path);
        var writer = new GgufWriter(file.Metadata);
        foreach (var tensor in file.Tensors)
        {
            var bytes = file.ReadAll(tensor);
            if (tensor.Name.EndsWith("lora_b", StringComparison.Ordinal))
            {
                for (var sign = 3; sign < bytes.Length; sign += 4)
                    bytes[sign] ^= 0x80;
            }
            writer.AddTensor(tensor.Name, tensor.Type, [.. tensor.Shape], bytes);
        }
        writer.Save(target);
    }
}
