using LoraBridge.Formats;
using static LoraBridge.Native.Ggml;

namespace LoraBridge.Native.Tests;

public class BackendTests
{
    [Fact]
    public void Processor_offers_its_extras()
    {
        var names = Backends.ExtraBufferTypes(CpuBackend.Device).Select(type => ggml_backend_buft_name(type));

        Assert.Contains("CPU_REPACK", names);
        Assert.NotEmpty(Backends.Features(CpuBackend.Device));
        Assert.False(ggml_backend_buft_is_host(Backends.ExtraBufferTypes(CpuBackend.Device)[0]));
        Assert.True(ggml_backend_buft_is_host(ggml_backend_cpu_buffer_type()));
    }

    [Fact]
    public void Tensors_can_lie_in_a_mapped_file()
    {
        var path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.bin");
        File.WriteAllBytes(path, [.. new byte[64], .. BitConverter.GetBytes(1.5f), .. BitConverter.GetBytes(2.5f)]);
        try
        {
            using var file = new MappedFile(path);
            using var context = GgmlContexts.ForDescriptions(tensors: 2);
            using var buffer = file.AsBuffer(32, 40);
            var tensor = ggml_new_tensor_1d(context.Pointer, GgmlType.F32, 2);
            var large = ggml_new_tensor_1d(context.Pointer, GgmlType.F32, 200);
            Buffers.Place(buffer, tensor, 32);

            Assert.Equal([1.5f, 2.5f], tensor.ToArray<float>());
            Assert.Equal(72, file.Length);
            Assert.Equal(BitConverter.GetBytes(2.5f), file.Slice(68, 4).ToArray());
            Assert.Throws<ArgumentOutOfRangeException>(() => Buffers.Place(buffer, large, 0));
            Assert.Throws<InvalidOperationException>(() => Buffers.Place(buffer, tensor, 32));
            Assert.Throws<ArgumentOutOfRangeException>(() => file.AsBuffer(64, 9));
            Assert.Throws<ArgumentException>(() => file.AsBuffer(4, 8));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Disposed_handles_refuse_to_be_used()
    {
        var backend = CpuBackend.Open(threads: 1);
        backend.Dispose();

        Assert.Throws<ObjectDisposedException>(() => backend.Pointer);
    }

    [Fact]
    public void Log_of_the_library_reaches_the_exception()
    {
        NativeLog.Clear();
        NativeLog.Append(GgmlLogLevel.Info, "not a problem\n");
        NativeLog.Append(GgmlLogLevel.Error, "first half, ");
        NativeLog.Append(GgmlLogLevel.Cont, "second half\n");

        var e = new NativeException("It failed.");
        Assert.Equal(["first half, second half"], e.NativeLog);
        Assert.EndsWith("second half", e.Message, StringComparison.Ordinal);
        Assert.Empty(NativeLog.Tail());
    }
}
