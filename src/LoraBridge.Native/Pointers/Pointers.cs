namespace LoraBridge.Native;

/// <summary>A pointer to something that native code owns.</summary>
internal interface INativePointer
{
    nint Address { get; }

    bool IsNull { get; }
}

/// <summary>A borrowed <c>ggml_backend *</c>: whoever made it frees it.</summary>
internal readonly record struct BackendPtr(nint Address) : INativePointer
{
    public bool IsNull => Address == 0;
}

/// <summary>A borrowed <c>ggml_backend_buffer *</c>: whoever made it frees it.</summary>
internal readonly record struct BufferPtr(nint Address) : INativePointer
{
    public bool IsNull => Address == 0;
}

/// <summary>A borrowed <c>ggml_backend_buffer_type *</c>: whoever made it frees it.</summary>
internal readonly record struct BufferTypePtr(nint Address) : INativePointer
{
    public bool IsNull => Address == 0;
}

/// <summary>A borrowed <c>ggml_backend_device *</c>: whoever made it frees it.</summary>
internal readonly record struct DevicePtr(nint Address) : INativePointer
{
    public bool IsNull => Address == 0;
}

/// <summary>A borrowed pointer to the elements of a tensor.</summary>
internal readonly record struct ElementsPtr(nint Address) : INativePointer
{
    public bool IsNull => Address == 0;
}

/// <summary>A borrowed <c>ggml_context *</c>: whoever made it frees it.</summary>
internal readonly record struct GgmlContext(nint Address) : INativePointer
{
    public bool IsNull => Address == 0;
}

/// <summary>A borrowed <c>ggml_gallocr *</c>: whoever made it frees it.</summary>
internal readonly record struct GraphAllocatorPtr(nint Address) : INativePointer
{
    public bool IsNull => Address == 0;
}

/// <summary>A borrowed <c>ggml_cgraph *</c>: whoever made it frees it.</summary>
internal readonly record struct GraphPtr(nint Address) : INativePointer
{
    public bool IsNull => Address == 0;
}

/// <summary>A borrowed <c>llama_adapter_lora *</c>: whoever made it frees it.</summary>
internal readonly record struct LlamaAdapterPtr(nint Address) : INativePointer
{
    public bool IsNull => Address == 0;
}

/// <summary>A borrowed <c>llama_context *</c>: whoever made it frees it.</summary>
internal readonly record struct LlamaContextPtr(nint Address) : INativePointer
{
    public bool IsNull => Address == 0;
}

/// <summary>A borrowed <c>llama_model *</c>: whoever made it frees it.</summary>
internal readonly record struct LlamaModelPtr(nint Address) : INativePointer
{
    public bool IsNull => Address == 0;
}

/// <summary>A borrowed <c>llama_memory_i *</c>: whoever made it frees it.</summary>
internal readonly record struct MemoryPtr(nint Address) : INativePointer
{
    public bool IsNull => Address == 0;
}

/// <summary>A borrowed <c>ggml_backend_reg *</c>: whoever made it frees it.</summary>
internal readonly record struct RegistryPtr(nint Address) : INativePointer
{
    public bool IsNull => Address == 0;
}

/// <summary>A borrowed <c>llama_sampler *</c>: whoever made it frees it.</summary>
internal readonly record struct SamplerPtr(nint Address) : INativePointer
{
    public bool IsNull => Address == 0;
}

/// <summary>A borrowed <c>ggml_backend_sched *</c>: whoever made it frees it.</summary>
internal readonly record struct SchedulerPtr(nint Address) : INativePointer
{
    public bool IsNull => Address == 0;
}

/// <summary>A borrowed <c>llama_vocab *</c>: whoever made it frees it.</summary>
internal readonly record struct VocabPtr(nint Address) : INativePointer
{
    public bool IsNull => Address == 0;
}

/// <summary>A borrowed <c>ggml_threadpool *</c>: whoever made it frees it.</summary>
internal readonly record struct ThreadPoolPtr(nint Address) : INativePointer
{
    public bool IsNull => Address == 0;
}
