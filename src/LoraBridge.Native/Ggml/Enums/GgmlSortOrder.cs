namespace LoraBridge.Native;

/// <summary>Order of a sort (<c>ggml_sort_order</c>).</summary>
internal enum GgmlSortOrder
{
    Asc = 0,
    Desc = 1,
}
