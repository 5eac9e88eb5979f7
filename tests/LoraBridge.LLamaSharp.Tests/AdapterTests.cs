using LLama;
using LLama.Common;
using LLama.Native;
using LoraBridge.Finetuning;
using LoraBridge.Model;
using LoraBridge.TestKit;
using LoraAdapter = LoraBridge.Model.LoraAdapter;

namespace LoraBridge.LLamaSharp.Tests;

/// <summary>Adapters on LLamaSharp's contexts. LLamaSharp runs on its own llama.cpp only.</summary>
public sealed class AdapterTests : IDisposable
{
    private static readonly string s_model = TinyModels.PathOf(TinyArchitecture.Llama);

    private readonly TemporaryFolder _folder = new();
    private readonly ModelParams _parameters = new(s_model) { ContextSize = 64, GpuLayerCount = 0, Threads = 1, BatchThreads = 1 };
    private readonly LLamaWeights _weights;
    private readonly LLamaContext _context;

    public AdapterTests()
    {
        SkipOnAnotherBuild();
        _weights = LLamaWeights.LoadFromFile(_parameters);
        _context = _weights.CreateContext(_parameters);
    }

    public void Dispose()
    {
        _context?.Dispose();
        _weights?.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void An_adapter_counts_by_its_scale_and_leaves_nothing_behind()
    {
        var plain = Logits(_context);
        var adapter = _context.ApplyLoraAdapter(Adapter("a.gguf"));
        var whole = Logits(_context);
        Assert.NotEqual(plain, whole);
        Assert.Equal([(adapter, 1f)], _context.LoraAdapters());

        _context.SetLoraAdapterScale(adapter, 0);
        Assert.Equal(plain, Logits(_context));
        _context.SetLoraAdapterScale(adapter, 1);
        Assert.Equal(whole, Logits(_context));

        Assert.True(_context.RemoveLoraAdapter(adapter));
        Assert.False(_context.RemoveLoraAdapter(adapter));
        Assert.Equal(plain, Logits(_context));
        Assert.Empty(_context.LoraAdapters());
    }

    [Fact]
    public void Logits_are_those_of_LLamaSharp_with_the_same_adapter()
    {
        var path = Adapter("a.gguf");
        _context.ApplyLoraAdapter(path, 0.5f);
        using var other = _weights.CreateContext(_parameters);
        other.NativeHandle.SetLoraAdapters((_weights.NativeHandle.LoadLoraFromFile(path), 0.5f));

        Assert.Equal(Logits(other), Logits(_context));
    }

    [Fact]
    public void A_change_makes_the_context_forget_what_it_has_read()
    {
        Logits(_context);
        Assert.Equal(3, (int)_context.NativeHandle.MemorySequenceMaxPosition(LLamaSeqId.Zero));

        var adapter = _context.ApplyLoraAdapter(Adapter("a.gguf"));
        Assert.Equal(-1, (int)_context.NativeHandle.MemorySequenceMaxPosition(LLamaSeqId.Zero));
        Logits(_context);
        _context.SetLoraAdapterScale(adapter, 2);
        Assert.Equal(-1, (int)_context.NativeHandle.MemorySequenceMaxPosition(LLamaSeqId.Zero));
        Logits(_context);
        _context.RemoveLoraAdapter(adapter);
        Assert.Equal(-1, (int)_context.NativeHandle.MemorySequenceMaxPosition(LLamaSeqId.Zero));
    }

    /// <summary>llama.cpp sizes the graphs of a context by the adapters that its model has: here they come after it.</summary>
    [Fact]
    public void Many_adapters_fit_a_context_that_is_older_than_they_are()
    {
        Logits(_context);
        for (var i = 0; i < 40; i++)
            _context.ApplyLoraAdapter(Adapter($"{i}.gguf", seed: i), 0.1f);

        Assert.All(Logits(_context), value => Assert.True(float.IsFinite(value)));
        Assert.Equal(40, _context.LoraAdapters().Count);
    }

    [Fact]
    public void Contexts_of_one_model_have_adapters_of_their_own()
    {
        using var other = _weights.CreateContext(_parameters);
        var plain = Logits(other);
        _context.ApplyLoraAdapter(Adapter("a.gguf"));

        Assert.NotEqual(plain, Logits(_context));
        Assert.Equal(plain, Logits(other));
    }

    [Fact]
    public void What_cannot_be_applied_is_an_exception_and_changes_nothing()
    {
        var plain = Logits(_context);
        var adapter = new LoraAdapter(Adapter("a.gguf"));
        var foreign = _folder["qwen3.gguf"];
        TinyAdapters.Create(TinyModels.PathOf(TinyArchitecture.Qwen3)).Save(foreign);
        var larger = _folder["larger.gguf"];
        Larger().Save(larger);
        File.WriteAllText(_folder["text.gguf"], "no adapter");

        Assert.Throws<ArgumentNullException>(() => _context.ApplyLoraAdapter((LoraAdapter)null!));
        Assert.Throws<ArgumentNullException>(() => ((LLamaContext)null!).ApplyLoraAdapter(adapter));
        Assert.Throws<FileNotFoundException>(() => _context.ApplyLoraAdapter(_folder["missing.gguf"]));
        Assert.Throws<InvalidDataException>(() => _context.ApplyLoraAdapter(_folder["text.gguf"]));
        Assert.Contains("'qwen3'", Assert.Throws<AdapterMismatchException>(() => _context.ApplyLoraAdapter(foreign)).Message, StringComparison.Ordinal);
        Assert.Contains(larger, Assert.Throws<InvalidDataException>(() => _context.ApplyLoraAdapter(larger)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => _context.ApplyLoraAdapter(adapter.Path, float.NaN));
        Assert.Throws<InvalidOperationException>(() => _context.SetLoraAdapterScale(adapter, 1));
        Assert.Equal(plain, Logits(_context));
        Assert.Empty(_context.LoraAdapters());
    }

    [Fact]
    public void A_disposed_context_says_so_and_the_model_waits_for_its_adapters()
    {
        var adapter = _context.ApplyLoraAdapter(Adapter("a.gguf"));
        _context.Dispose();
        _weights.Dispose();

        Assert.Throws<ObjectDisposedException>(() => _context.ApplyLoraAdapter(Adapter("b.gguf")));
        Assert.Throws<ObjectDisposedException>(() => _context.RemoveLoraAdapter(adapter));
    }

    /// <summary>What is made here belongs to LLamaSharp's objects, or is a fine-tuning, whose members are called after dispose elsewhere.</summary>
    [Fact]
    public void Nothing_here_has_to_be_disposed() => Assert.DoesNotContain(
        typeof(AdapterExtensions).Assembly.GetExportedTypes(), type => type.IsAssignableTo(typeof(IDisposable)) || type.IsAssignableTo(typeof(IAsyncDisposable)));

    [Fact]
    public void A_loaded_model_is_fine_tuned_and_LLamaSharp_uses_the_adapter()
    {
        var plain = Logits(_context);
        var path = _folder["trained.gguf"];
        using (var finetuning = _weights.OpenForFinetuning(_parameters))
        {
            finetuning.Parameters = new LoraTrainingParameters { Rank = 2, MaxSteps = 3, LearningRate = 1e-2f, ContextLength = 32 };
            File.WriteAllText(_folder["row.jsonl"], """{"input_ids":[5,9,12,7,5,9,12,7]}""");
            finetuning.AddDatasetFile(_folder["row.jsonl"]);
            var result = finetuning.TrainToAdapter(path, cancellationToken: TestContext.Current.CancellationToken);
            Assert.True(result.FinalLoss < result.FirstLoss);
        }
        _context.ApplyLoraAdapter(path);

        Assert.NotEqual(plain, Logits(_context));
    }

    [Fact]
    public void Parameters_of_another_model_are_refused()
    {
        var other = new ModelParams(TinyModels.PathOf(TinyArchitecture.Qwen3));
        Assert.Contains("'qwen3'", Assert.Throws<ArgumentException>(() => _weights.OpenForFinetuning(other)).Message, StringComparison.Ordinal);
        Assert.Throws<FileNotFoundException>(() => new ModelParams(_folder["missing.gguf"]).OpenForFinetuning());
        Assert.Throws<ArgumentNullException>(() => ((LLamaWeights)null!).OpenForFinetuning(_parameters));
    }

    internal static void SkipOnAnotherBuild() => Assert.SkipWhen(
        Environment.GetEnvironmentVariable("LORABRIDGE_NATIVE_DIR") is { Length: > 0 }, "LLamaSharp runs on its own build of llama.cpp.");

    private string Adapter(string name, int seed = 1)
    {
        TinyAdapters.Create(s_model, seed: seed).Save(_folder[name]);
        return _folder[name];
    }

    /// <summary>An adapter of the right architecture, for a model of another width.</summary>
    private static Formats.GgufWriter Larger()
    {
        using var model = Formats.GgufModelFiles.Open(s_model);
        var weight = model.Find("blk.0.attn_q.weight")!.Info;
        var writer = new Formats.GgufWriter(TinyAdapters.Create(s_model).Metadata);
        var (columns, rows) = (2 * weight.Dimension(0), 2 * weight.Dimension(1));
        writer.AddTensor("blk.0.attn_q.weight.lora_a", Formats.GgmlType.F32, [columns, 2], new byte[columns * 2 * sizeof(float)]);
        writer.AddTensor("blk.0.attn_q.weight.lora_b", Formats.GgmlType.F32, [2, rows], new byte[rows * 2 * sizeof(float)]);
        return writer;
    }

    private static float[] Logits(LLamaContext context)
    {
        context.NativeHandle.MemoryClear();
        var batch = new LLamaBatch();
        for (var i = 0; i < 4; i++)
            batch.Add(i + 5, i, LLamaSeqId.Zero, logits: i == 3);
        Assert.Equal(DecodeResult.Ok, context.Decode(batch));
        return context.NativeHandle.GetLogitsIth(3).ToArray();
    }
}
