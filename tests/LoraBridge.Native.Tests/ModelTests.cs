using System.Text;
using LoraBridge.TestKit;
using static LoraBridge.Native.Llama;

namespace LoraBridge.Native.Tests;

/// <summary>Handles and callbacks on a real model.</summary>
public class ModelTests
{
    [Fact]
    public void Model_outlives_the_handle_while_a_context_uses_it()
    {
        var model = ZooModels.Load();
        using var context = ZooModels.CreateContext(model);
        model.Dispose();

        Assert.False(model.IsClosed);
        Assert.Equal(0, ZooModels.Decode(context));
        Assert.Equal(LlamaContexts.VocabularySize(context), LlamaContexts.Logits(context, -1).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => LlamaContexts.Logits(context, 0).Length);
        context.Dispose();
        Assert.True(model.IsClosed);
    }

    [Fact]
    public void Adapter_outlives_its_handle_while_it_is_set_and_changes_the_logits()
    {
        using var model = ZooModels.Load();
        var path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.gguf");
        try
        {
            WriteAdapter(path, llama_model_n_embd(model.Pointer));
            var adapter = LlamaAdapters.Load(model, path);
            using var context = ZooModels.CreateContext(model);
            Assert.Equal(0, ZooModels.Decode(context));
            var plain = LlamaContexts.Logits(context, -1).ToArray();

            context.SetAdapters([(adapter, 1f)]);
            adapter.Dispose();
            llama_memory_clear(llama_get_memory(context.Pointer), data: true);
            Assert.Equal(0, ZooModels.Decode(context));
            Assert.NotEqual(plain, LlamaContexts.Logits(context, -1).ToArray());

            context.SetAdapters([]);
            llama_memory_clear(llama_get_memory(context.Pointer), data: true);
            Assert.Equal(0, ZooModels.Decode(context));
            Assert.Equal(plain, LlamaContexts.Logits(context, -1).ToArray());
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Tracing_sees_the_forward_graph()
    {
        var operations = new List<GgmlOp>();
        using var trace = new EvaluationCallback((tensor, _) =>
        {
            operations.Add(tensor.Op);
            return false;
        });
        using var model = ZooModels.Load();
        using var context = ZooModels.CreateContext(model, trace);

        Assert.Equal(0, ZooModels.Decode(context));
        trace.ThrowIfFaulted();
        Assert.Contains(GgmlOp.MulMat, operations);
        Assert.Contains(GgmlOp.RmsNorm, operations);
        Assert.Contains(GgmlOp.Rope, operations);
    }

    [Fact]
    public void Abort_callback_of_a_context_ends_decoding()
    {
        using var abort = new AbortCallback(() => true);
        using var model = ZooModels.Load();
        using var context = ZooModels.CreateContext(model, abort: abort);

        Assert.Equal(2, ZooModels.Decode(context));
    }

    [Fact]
    public void Loading_reports_progress_and_can_be_cancelled()
    {
        var path = Zoo.PathOf("llama-dense.gguf");
        var reports = new List<float>();
        using (LlamaModels.Load(path, new() { Progress = value => { reports.Add(value); return true; } }))
            Assert.Equal(1f, reports[^1]);

        Assert.Throws<OperationCanceledException>(() => LlamaModels.Load(path, new() { Progress = _ => false }));
        Assert.Throws<FormatException>(() => LlamaModels.Load(path, new() { Progress = _ => throw new FormatException() }));
    }

    [Fact]
    public void Metadata_can_be_read_and_overridden()
    {
        using var model = LlamaModels.Load(Zoo.PathOf("llama-dense.gguf"), new()
        {
            Devices = [],
            MetadataOverrides = [new("general.name", "renamed"), new("llama.rope.freq_base", 12345.0)],
            BufferOverrides = [("attn_q", Ggml.ggml_backend_cpu_buffer_type())],
        });

        Assert.Equal("llama", LlamaMetadata.Value(model, "general.architecture"));
        Assert.Null(LlamaMetadata.Value(model, "no.such.key"));
        Assert.Equal("llama", LlamaMetadata.Of(model)["general.architecture"]);
        Assert.StartsWith("llama", LlamaMetadata.Description(model), StringComparison.Ordinal);
    }

    [Fact]
    public void Failure_says_what_the_library_logged()
    {
        var path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.gguf");
        File.WriteAllBytes(path, new byte[64]);
        try
        {
            var e = Assert.Throws<NativeException>(() => LlamaModels.Load(path));

            Assert.Contains(path, e.Message, StringComparison.Ordinal);
            Assert.Contains("magic", e.Message, StringComparison.OrdinalIgnoreCase);
            Assert.NotEmpty(e.NativeLog);
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>A rank 1 adapter for the first query projection [embedding, embedding], all ones.</summary>
    private static void WriteAdapter(string path, int embedding)
    {
        using var stream = File.Create(path);
        using var writer = new BinaryWriter(stream);
        writer.Write("GGUF"u8);
        writer.Write(3);
        writer.Write(2L);
        writer.Write(4L);
        Text("general.type", "adapter");
        Text("general.architecture", "llama");
        Text("adapter.type", "lora");
        String("adapter.lora.alpha");
        writer.Write(6);
        writer.Write(1f);
        Tensor("blk.0.attn_q.weight.lora_a", embedding, 1, 0);
        Tensor("blk.0.attn_q.weight.lora_b", 1, embedding, embedding * 4);
        writer.Write(new byte[(32 - stream.Position % 32) % 32]);
        for (var i = 0; i < 2 * embedding; i++)
            writer.Write(1f);

        void String(string text)
        {
            writer.Write((long)text.Length);
            writer.Write(Encoding.ASCII.GetBytes(text));
        }

        void Text(string key, string value)
        {
            String(key);
            writer.Write(8);
            String(value);
        }

        void Tensor(string name, long ne0, long ne1, long offset)
        {
            String(name);
            writer.Write(2);
            writer.Write(ne0);
            writer.Write(ne1);
            writer.Write(0);
            writer.Write(offset);
        }
    }
}
