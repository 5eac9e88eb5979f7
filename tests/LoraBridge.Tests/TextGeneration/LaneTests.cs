using LoraBridge.Adapters;
using LoraBridge.Model;
using LoraBridge.TestKit;
using LoraBridge.TextGeneration;
using LoraBridge.TextGeneration.Lanes;

namespace LoraBridge.Tests.TextGeneration;

/// <summary>Conversations that share contexts.</summary>
public sealed class LaneTests : IDisposable
{
    private const int Sets = 8;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>Sampled from flat probabilities: a difference in the last bits of a logit shows soon.</summary>
    [Theory]
    [InlineData(4, 8, 1L << 30)]
    [InlineData(1, 3, 1L << 30)]
    [InlineData(2, 2, 1L << 30)]
    public async Task Conversations_of_many_adapter_sets_answer_as_if_each_were_alone(int sequences, int contexts, long evicted)
    {
        using var model = Load(new InferenceOptions
        {
            SequencesPerContext = sequences, MaximumContexts = contexts, Deterministic = true, EvictedStateBytes = evicted,
        });
        var adapters = Adapters();
        var host = InferenceHost.For(model.Core);
        var chats = Enumerable.Range(0, 32).Select(i => Chat(model, adapters, i)).ToList();

        var answers = await Task.WhenAll(chats.Select(async (chat, i) => new[]
        {
            (await chat.SubmitAsync($"Hello {i}", TestContext.Current.CancellationToken)).Tokens,
            (await chat.SubmitAsync("And then?", TestContext.Current.CancellationToken)).Tokens,
        }));

        Assert.InRange(host.ContextCount, 1, contexts);
        using var alone = Load(new InferenceOptions());
        for (var i = 0; i < chats.Count; i++)
        {
            chats[i].Dispose();
            using var solo = Chat(alone, adapters, i);
            Assert.Equal(solo.Submit($"Hello {i}", TestContext.Current.CancellationToken).Tokens, answers[i][0]);
            Assert.Equal(solo.Submit("And then?", TestContext.Current.CancellationToken).Tokens, answers[i][1]);
        }
        Assert.Equal((0, 0), (host.ContextCount, host.WaitingCount));
        Assert.True(answers.Select(answer => string.Join(',', answer[0])).Distinct().Count() > Sets);
    }

    [Fact]
    public void A_sequence_among_others_has_the_logits_of_one_alone_bit_for_bit()
    {
        using var model = Load(new InferenceOptions());
        using var alone = new InferenceContext(model.Core, new InferenceContextOptions { ContextLength = 512 });
        using var shared = new InferenceContext(model.Core, new InferenceContextOptions { ContextLength = 512, Sequences = 4, MaximumOutputs = 4 });
        int[] tokens = [.. Enumerable.Range(0, 70).Select(i => i * 31 % 256)];
        for (var sequence = 0; sequence < 4; sequence++)
        {
            alone.Truncate(0);
            foreach (var (start, count) in new[] { (0, 60), (60, 1), (61, 1), (62, 8) })
            {
                Assert.Equal(Decode(alone, 0, start, count), Decode(shared, sequence, start, count));
            }
        }

        float[] Decode(InferenceContext context, int sequence, int start, int count)
        {
            context.BeginBatch();
            var last = -1;
            for (var i = start; i < start + count; i++)
                last = context.Add(tokens[i], i, sequence, wantsLogits: i == start + count - 1);
            context.Decode();
            return context.Logits(last).ToArray();
        }
    }

    [Fact]
    public async Task Answers_that_are_generated_together_are_those_of_one_alone()
    {
        using var model = SmallWorld.Load(new InferenceOptions { SequencesPerContext = 8 });
        using var alone = SmallWorld.Load();
        string[] questions = ["Where does Dora live?", "What drink does Carl love?", "What is a llama?", "Who are you?", "Hello", "What color is the sky?", "Tell me a story", "Why?"];
        var chats = questions.Select(_ => new SingleTurnConversation(model) { SamplingMode = SamplingMode.Greedy, MaximumCompletionTokens = 24 }).ToList();
        var answers = await Task.WhenAll(chats.Select((chat, i) => chat.SubmitAsync(questions[i], TestContext.Current.CancellationToken)));
        using var solo = new SingleTurnConversation(alone) { SamplingMode = SamplingMode.Greedy, MaximumCompletionTokens = 24 };
        var equal = questions.Where((question, i) => solo.Submit(question, TestContext.Current.CancellationToken).Text == answers[i].Text).Count();
        // Sums in another order may tip a choice between two tokens, though hardly one of this model's.
        Assert.True(equal >= 7, $"{equal} of 8 answers are equal");
        chats.ForEach(chat => chat.Dispose());
    }

    [Fact]
    public async Task A_shared_beginning_is_read_once()
    {
        using var model = Load(new InferenceOptions { SequencesPerContext = 4 });
        var chats = Enumerable.Range(0, 4).Select(_ => new MultiTurnConversation(model)
        {
            SystemPrompt = new string('s', 300), SamplingMode = SamplingMode.Greedy, MaximumCompletionTokens = 4,
        }).ToList();
        var first = chats[0].Submit("One", TestContext.Current.CancellationToken);
        Assert.Equal(first.PromptTokenCount, first.ReadTokenCount);
        var others = await Task.WhenAll(chats.Skip(1).Select((chat, i) => chat.SubmitAsync($"Two {i}", TestContext.Current.CancellationToken)));
        Assert.All(others, answer => Assert.InRange(answer.ReadTokenCount, 1, 40));
        Assert.Equal(1, InferenceHost.For(model.Core).ContextCount);
        chats[1].ClearHistory();
        var again = chats[1].Submit("One", TestContext.Current.CancellationToken);
        Assert.Equal(first.Tokens, again.Tokens);
        chats.ForEach(chat => chat.Dispose());
    }

    [Fact]
    public async Task Cancelled_answers_leave_nothing_behind()
    {
        using var model = Load(new InferenceOptions { SequencesPerContext = 4, MaximumContexts = 2 });
        var adapters = Adapters();
        var chats = Enumerable.Range(0, 12).Select(i => Chat(model, adapters, i)).ToList();
        var random = new Random(1);
        var host = InferenceHost.For(model.Core);
        for (var round = 0; round < 84; round++)
        {
            await Task.WhenAll(chats.Select(chat =>
            {
                var pieces = random.Next(4);
                var discards = random.Next(2) == 0;
                return Task.Run(() => CancelAfterAsync(chat, pieces, discards));
            }));
        }
        Assert.Equal(0, host.WaitingCount);
        Assert.InRange(host.ContextCount, 1, 2);
        using var alone = Load(new InferenceOptions());
        for (var i = 0; i < chats.Count; i++)
        {
            chats[i].ClearHistory();
            using var solo = Chat(alone, adapters, i);
            solo.SamplingMode = chats[i].SamplingMode = SamplingMode.Greedy;
            Assert.Equal(solo.Submit("Hello").Tokens[0], chats[i].Submit("Hello").Tokens[0]);
        }
        chats.ForEach(chat => chat.Dispose());
        Assert.Equal(0, host.ContextCount);
    }

    [Fact]
    public async Task Contexts_take_turns_by_the_tokens_they_had()
    {
        using var model = Load(new InferenceOptions { MaximumContexts = 2 });
        using var adapted = new AdapterUsesScope(model, Adapters()[0]);
        var host = InferenceHost.For(model.Core);
        var (first, second) = (host.Open(1024), host.Open(1024));
        using var stop = new CancellationTokenSource();
        var letters = new SamplingMode { Temperature = 1, Seed = 7, Grammar = Grammar.Parse("root ::= [a-z] root") };
        // The other context begins when this one has had much more than what it asks for.
        const int Prompt = 100;
        var begun = new TaskCompletionSource();
        var count = 0;
        var endless = host.Run(new Generation(first, model.Vocabulary, Request([1], 1 << 20, adapted.Set), _ =>
        {
            if (++count > 3 * Prompt)
                begun.TrySetResult();
        }, stop.Token));
        await begun.Task;
        List<int> counts = [];
        await host.Run(new Generation(second, model.Vocabulary, Request(Enumerable.Repeat(1, Prompt), 20, AdapterSet.Empty), _ => counts.Add(count), stop.Token));
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => endless);
        host.Close(first);
        host.Close(second);

        // The prompt was read at once, and paid for with as many tokens of the other context; then both get one at a time.
        var waits = counts.Zip(counts.Skip(1), (before, after) => after - before).ToList();
        Assert.InRange(waits[0], Prompt - 1, Prompt + 1);
        Assert.All(waits.Skip(1), wait => Assert.InRange(wait, 0, 2));

        GenerationRequest Request(IEnumerable<int> prompt, int tokens, AdapterSet adapters) => new()
        {
            Prompt = [.. prompt], Adapters = () => adapters, Sampling = letters, MaximumTokens = tokens, Shifts = true, Parser = new PlainAnswerParser(),
        };
    }

    [Fact]
    public void A_cache_that_was_put_aside_is_of_no_use_under_other_adapters()
    {
        using var model = Load(new InferenceOptions { SequencesPerContext = 1, MaximumContexts = 1, Deterministic = true, EvictedStateBytes = 1 << 30 });
        using var alone = Load(new InferenceOptions());
        var adapters = Adapters();
        using var chat = Chat(model, adapters, 0);
        using var other = Chat(model, adapters, 1);
        using var solo = Chat(alone, adapters, 0);
        Assert.Equal(solo.Submit("Hello").Tokens, chat.Submit("Hello").Tokens);
        other.Submit("Hello");
        chat.SetAdapters([adapters[2]]);
        solo.SetAdapters([adapters[2]]);
        var answer = chat.Submit("And then?");
        Assert.Equal(answer.PromptTokenCount, answer.ReadTokenCount);
        Assert.Equal(solo.Submit("And then?").Tokens, answer.Tokens);
    }

    [Theory]
    [InlineData(1 << 18, true)]
    [InlineData(1, false)]
    public void Caches_are_put_aside_and_taken_back_as_often_as_needed(int evictedBytes, bool areKept)
    {
        using var model = Load(new InferenceOptions { SequencesPerContext = 1, MaximumContexts = 1, EvictedStateBytes = evictedBytes });
        SingleTurnConversation[] chats = [.. "ab".Select(name => new SingleTurnConversation(model, contextLength: 512)
        {
            SystemPrompt = new string(name, 40), SamplingMode = SamplingMode.Greedy, MaximumCompletionTokens = 1,
        })];
        for (var round = 0; round < 12; round++)
        {
            foreach (var chat in chats)
            {
                var answer = chat.Submit("?", TestContext.Current.CancellationToken);
                Assert.Equal(areKept && round > 0, answer.ReadTokenCount < answer.PromptTokenCount);
            }
        }
        Array.ForEach(chats, chat => chat.Dispose());
    }

    [Fact]
    public async Task A_queue_that_is_full_accepts_no_more()
    {
        using var model = Load(new InferenceOptions { MaximumContexts = 1, MaximumQueueLength = 1 });
        var chats = Enumerable.Range(0, 3).Select(_ => new SingleTurnConversation(model)
        {
            MaximumCompletionTokens = 900, SamplingMode = new SamplingMode { Temperature = 1, Seed = 7 },
        }).ToList();
        var streams = chats.Select(chat => chat.SubmitStreamingAsync("Hello").GetAsyncEnumerator()).ToList();
        Assert.True(await streams[0].MoveNextAsync());
        var waiting = streams[1].MoveNextAsync().AsTask();
        var host = InferenceHost.For(model.Core);
        SpinWait.SpinUntil(() => host.WaitingCount == 1);
        await Assert.ThrowsAsync<InferenceQueueFullException>(() => streams[2].MoveNextAsync().AsTask());
        await streams[0].DisposeAsync();
        Assert.True(await waiting);
        await streams[1].DisposeAsync();
        chats.ForEach(chat => chat.Dispose());
    }

    [Fact]
    public void A_forgotten_conversation_leaves_its_place()
    {
        using var model = Load(new InferenceOptions());
        var host = InferenceHost.For(model.Core);
        Forget(model);
        Assert.Equal(1, host.ContextCount);
        for (var i = 0; i < 10 && host.ContextCount > 0; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        Assert.Equal(0, host.ContextCount);
    }

    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private static void Forget(LM model) => new MultiTurnConversation(model) { MaximumCompletionTokens = 1 }.Submit("Hello");

    private static async Task CancelAfterAsync(MultiTurnConversation chat, int pieces, bool discards)
    {
        using var stop = new CancellationTokenSource();
        chat.KeepCancelledAnswers = !discards;
        if (pieces == 0)
            stop.CancelAfter(TimeSpan.FromMilliseconds(1));
        try
        {
            await foreach (var update in chat.SubmitStreamingAsync("Hello", stop.Token))
            {
                if (--pieces == 0)
                    await stop.CancelAsync();
            }
        }
        catch (OperationCanceledException)
        {
            // As it was asked for.
        }
        if (chat.ChatHistory.Count > 8)
            chat.ClearHistory();
    }

    /// <summary>An adapter that is loaded for a while.</summary>
    private sealed class AdapterUsesScope : IDisposable
    {
        private readonly AdapterUses _uses;

        internal AdapterUsesScope(LM model, LoraAdapter adapter)
        {
            _uses = new AdapterUses(model.Core.Adapters);
            _uses.Add(adapter);
        }

        internal AdapterSet Set => _uses.Snapshot();

        public void Dispose() => _uses.Clear();
    }

    private static LM Load(InferenceOptions options) =>
        new(TinyModels.PathOf(TinyArchitecture.Llama), TinyModels.Device, new LoadingOptions { Inference = options });

    private static MultiTurnConversation Chat(LM model, LoraAdapter[] adapters, int i)
    {
        var chat = new MultiTurnConversation(model, contextLength: 512)
        {
            SamplingMode = new SamplingMode { Temperature = 2, Seed = (uint)i }, MaximumCompletionTokens = 10,
        };
        // The last set is the bare model's.
        chat.SetAdapters(i % Sets < Sets - 1 ? [adapters[i % Sets % 4], .. i % Sets >= 4 ? [adapters[4]] : Array.Empty<LoraAdapter>()] : []);
        return chat;
    }

    private LoraAdapter[] Adapters() =>
    [
        .. Enumerable.Range(0, 5).Select(seed =>
        {
            TinyAdapters.Create(TinyModels.PathOf(TinyArchitecture.Llama), scaleOfB: 0.3f, seed: seed).Save(_folder[$"{seed}.gguf"]);
            return new LoraAdapter(_folder[$"{seed}.gguf"]);
        }),
    ];
}
